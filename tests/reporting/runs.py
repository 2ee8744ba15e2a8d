"""Three made-up run folders with everything in them that the stages write, in a second and without training."""

import csv
import json
from pathlib import Path

import numpy as np
import yaml

from pose3d.checkpoint import config_hash, sha256_of
from pose3d.data.store import PoseStore
from pose3d.metrics.functional import AUC_THRESHOLDS
from pose3d.models import FusionConfig, FusionNet, Pose2DConfig, Pose2DNet, Pose3DConfig, Pose3DNet
from pose3d.predictions import Predictions, write_predictions
from pose3d.skeleton import MPI_INF_3DHP_17, remap

NETS = {1: Pose2DNet, 2: Pose3DNet, 3: FusionNet}
SMALL = Pose3DConfig("resnet10t", image_size=64)
CONFIGS = {1: Pose2DConfig("resnet10t"), 2: SMALL, 3: FusionConfig(SMALL, hidden=(8, 4))}
OUTPUTS = {n: [output.described() for output in NETS[n](CONFIGS[n]).outputs] for n in NETS}
COLUMNS = {n: {o["key"]: o["columns"][0] for o in OUTPUTS[n] if o["columns"]} for n in NETS}
TRANSFER = {"trunk": 0.1, "res5a": 1.0, "new": 1.0}
GROUPS = {1: TRANSFER, 2: TRANSFER, 3: {"trained": 1e-4, "new": 1.0}}
CANDIDATES = {1: (), 2: ("P", "O1", "O2", "mean_pose"), 3: ("P", "O1", "O2", "fused", "mean_pose")}
DEPLOYED = {1: "", 2: "P", 3: "fused"}
STEPS, INTERVAL = 400, 10
TRAINED_ON = {"file": "data/studio3d.h5", "samples": 800, "source": "drawn", "generator": "tests 1", "seed": 3}


def make_chain(root: Path, store: Path) -> list[Path]:
    """stage1 to stage3 below `root`, tested on `store`; scores are of the predictions that are written."""
    rng = np.random.default_rng(0)
    parent = None
    folders = []
    for number in (1, 2, 3):
        folder = root / f"stage{number}"
        folder.mkdir(parents=True)
        folders.append(folder)
        columns = COLUMNS[number].values()
        schedule = [
            {"iterations": STEPS // 2, "lr": 1e-3, "weights": dict.fromkeys(columns, 100.0)},
            {"iterations": STEPS // 2, "lr": 1e-4, "weights": {c: 0.0 if c == "H5a" else 10.0 for c in columns}},
        ]
        config = {
            "data": {"init_args": {"test_file": str(store)}},
            "trainer": {"log_every_n_steps": INTERVAL},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        (folder / "best.ckpt").write_bytes(b"weights %d" % number)
        metrics = _scores(store, folder, number, rng)
        provenance = {
            "stage": f"stage{number}", "version": "0.1.0", "backbone": "small", "step": STEPS, "schedule": schedule,
            "outputs": OUTPUTS[number], "answer": DEPLOYED[number],
            "metrics": {}, "config_sha256": config_hash(config), "parent": parent,
            "data": {"train": [TRAINED_ON], "val": []},
        }  # fmt: skip
        (folder / "best.json").write_text(json.dumps(provenance))
        (folder / "metrics.json").write_text(json.dumps(metrics))
        write_log(folder, number, range(INTERVAL - 1, STEPS, INTERVAL), schedule, rng)
        parent = {"path": str(folder / "best.ckpt"), "sha256": sha256_of(folder / "best.ckpt"), **provenance}
    return folders


def write_log(folder, number, steps, schedule, rng, version=0):
    """logs/version_N/metrics.csv: training rows, and a validation row after every quarter."""
    rows = []
    for step in steps:
        phase = schedule[step * len(schedule) // STEPS]
        row = {"step": step, "epoch": 0, "train/loss": 1.0}
        for i, output in enumerate(COLUMNS[number]):
            row[f"train/loss_{output}"] = (2 + i) * np.exp(-step / 150) + rng.uniform(0.3, 0.5)
        row |= {f"lr/{group}": factor * phase["lr"] for group, factor in GROUPS[number].items()}
        rows.append(row)
        if (step + 1) % (STEPS // 4) == 0:
            keys = {c: f"val/{c}/mpjpe_mm" if c != DEPLOYED[number] else "val/mpjpe_mm" for c in CANDIDATES[number]}
            values = {key: 110.0 if c == "mean_pose" else 90 + 100 * np.exp(-step / 100) for c, key in keys.items()}
            values = values or {"val/pckh50": 80 - 50 * np.exp(-step / 100), "val/pckh50_auc": 40.0}
            rows.append({"step": step, "epoch": 0, **values})
    file = folder / "logs" / f"version_{version}" / "metrics.csv"
    file.parent.mkdir(parents=True)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)


def _scores(path: Path, folder: Path, number: int, rng: np.random.Generator) -> dict[str, float]:
    """metrics.json; predictions.npz for stages 2 and 3: the truth, disturbed more and more from frame to frame."""
    if number == 1:
        return {"test/pckh50": 61.2345, "test/pckh50_auc": 25.5, "val/pckh50": 1.0}
    store = PoseStore(path)
    order = remap(store.joint_set, MPI_INF_3DHP_17)
    target = store.labels("joints_3d_univ")[:, order].astype(np.float64)
    target -= target[:, 14:15]
    scenes, scene = store.attrs["scene_names"], store.labels("scene")
    metrics = {}
    for i, candidate in enumerate(CANDIDATES[number]):
        amount = np.linspace(3, 60, len(target))[rng.permutation(len(target)), None, None] * (1 + i / 10)
        preds = target + rng.normal(0, 1, target.shape) * amount
        preds -= preds[:, 14:15]
        own = "" if candidate == DEPLOYED[number] else f"{candidate}/"
        metrics |= {f"test/{own}{key}": value for key, value in loops(preds, target).items()}
        for s, name in enumerate(scenes):
            if (scene == s).any():
                found = loops(preds[scene == s], target[scene == s])
                metrics |= {f"test/{name}/{candidate}/{key}": value for key, value in found.items()}
        if not own:
            names = {key: np.array(store.attrs[key]) for key in ("sequence_names", "activity_names", "scene_names")}
            labels = {key: store.labels(key) for key in ("sequence", "activity", "scene", "frame", "bbox")}
            joints_2d = store.labels("joints_2d")[:, order]
            write_predictions(
                folder / "predictions.npz",
                Predictions(
                    joints_3d=preds.astype(np.float32), target_3d=target.astype(np.float32), target_2d=joints_2d,
                    joints_2d=joints_2d + rng.normal(0, 1, joints_2d.shape).astype(np.float32) * amount[..., :2] / 20,
                    visible=store.labels("visible")[:, order], box="ground truth", **labels, **names,
                ),
            )  # fmt: skip
    return metrics


def loops(preds: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """The official three scores."""
    distance = np.linalg.norm(preds - target, axis=-1)
    return {
        "mpjpe_mm": float(distance.mean()),
        "pck3d_150mm": float((distance[:, :14] < 150).mean() * 100),
        "auc3d": float(np.mean([(distance[:, :14] < t).mean() for t in AUC_THRESHOLDS]) * 100),
    }
