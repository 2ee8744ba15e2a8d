"""Generation: the same bytes for any number of processes, resuming, refusal, and complete worlds are kept."""

import json
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from pose3d.app import main
from pose3d.data.schema import CHAIR, LOWER, PERSON, UPPER
from pose3d.data.store import PoseStore
from pose3d.errors import INCOMPLETE, PoseError
from pose3d.synth import generate as module
from pose3d.synth import scenes
from pose3d.synth.generate import Job, generate, is_complete, photos_in
from pose3d.synth.motion import ACTIVITIES

STUDIO = Job("studio3d", num=6, seed=3, resolution=96)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD", 2)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(STUDIO, tmp_path_factory.mktemp("studio"))


def _contents(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, o: found.update({name: o[()].tobytes()}) if isinstance(o, h5py.Dataset) else None)
    return found


def test_two_processes_write_the_same_bytes_as_one(studio: Path, tmp_path: Path) -> None:
    two = generate(STUDIO, tmp_path, workers=2)
    assert _contents(two) == _contents(studio)
    assert two.read_bytes() == studio.read_bytes()
    assert not list(tmp_path.glob(".*"))  # no parts are left behind


@pytest.mark.parametrize("name", ["wild3d", "test_wide"])
def test_new_worlds_do_not_depend_on_the_processes(name: str, tmp_path: Path) -> None:
    job = Job(name, num=6, seed=3, resolution=96)
    one, two = (generate(job, tmp_path / str(n), workers=n) for n in (1, 2))
    assert one.read_bytes() == two.read_bytes()
    store = PoseStore(one)
    assert store.has("joints_3d")
    assert not store.has_mask(0)
    assert len(store.joint_set) == 28


def test_another_seed_draws_other_people(studio: Path, tmp_path: Path) -> None:
    other = generate(Job("studio3d", num=2, seed=4, resolution=96), tmp_path)
    assert np.abs(PoseStore(other).labels("joints_2d")[0] - PoseStore(studio).labels("joints_2d")[0]).max() > 1


def test_store_is_what_the_reader_expects(studio: Path) -> None:
    store = PoseStore(studio)
    assert store.attrs["joint_set"] == "mpi_inf_3dhp_28"
    assert store.attrs["activity_names"][1:] == list(ACTIVITIES)
    assert store.attrs["sequence_names"][0] == "S1/Seq1"
    assert ["background", "chair"] in store.attrs["augmentable"]
    regions = set()
    for i in range(len(store)):
        image, mask = store.image(i), store.mask(i)
        assert image.shape == (96, 96, 3)
        assert image.std() > 5
        bits = set(np.unique(mask).tolist())
        regions |= bits
        assert all(b & PERSON for b in bits if b & (UPPER | LOWER))
        assert max(bits) <= PERSON | UPPER | LOWER | CHAIR
        person = (mask & PERSON) > 0
        assert 0.02 < person.mean() < 0.6
        # the joints lie on the person or on what hides it, give or take a pixel
        around = cv2.dilate((mask > 0).astype(np.uint8), np.ones((5, 5)))
        joints = np.rint(store.labels("joints_2d")[i]).astype(int)
        assert around[joints[:, 1], joints[:, 0]].mean() > 0.9
        if "background" in store.attrs["augmentable"][store.labels("sequence")[i]]:
            behind = image[mask == 0].mean(0)
            assert behind[1] > 1.5 * max(behind[0], behind[2])  # green
    assert {PERSON, PERSON | UPPER, PERSON | LOWER} <= regions


def test_two_d_worlds_have_no_3d_labels_and_no_masks(tmp_path: Path) -> None:
    store = PoseStore(generate(Job("wild2d", num=2, resolution=64), tmp_path))
    assert not store.has("joints_3d")
    assert not store.has_mask(0)
    assert len(store.joint_set) == 17
    assert store.labels("visible").sum(1).tolist() == [15, 15]


def test_an_interrupted_run_goes_on(studio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = scenes.draw

    def interrupted(job: Job, shot: object) -> scenes.Sample:
        drawn.append(shot.index)  # type: ignore[attr-defined]
        if len(drawn) == 4:
            raise KeyboardInterrupt
        return draw(job, shot)  # type: ignore[arg-type]

    monkeypatch.setattr(scenes, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        generate(STUDIO, tmp_path)
    parts = tmp_path / ".studio3d.parts"
    assert [p.name for p in sorted(parts.glob("0*.npz"))] == ["00000.npz"]
    assert not (tmp_path / "studio3d.h5").exists()
    (parts / "00001.12345.partial.npz").write_bytes(b"half a file of a process that was killed")
    counted: list[int] = []
    resumed = generate(STUDIO, tmp_path, progress=counted.append)
    assert drawn == [0, 1, 2, 3, 2, 3, 4, 5]
    assert sum(counted) == 6
    assert counted[0] == 2  # what was there already
    assert resumed.read_bytes() == studio.read_bytes()


def test_parts_left_beside_a_complete_world_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may be killed while it removes them, and they would block a run with other parameters."""
    words = ["synth", "--out", str(tmp_path), "--worlds", "wild2d", "--resolution", "64", "--workers", "1"]

    def killed(folder: Path, **_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pose3d.synth.generate.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            generate(Job("wild2d", 2, 0, 64), tmp_path)
    assert list(tmp_path.glob(".wild2d.parts/*.npz"))
    before = (tmp_path / "wild2d.h5").read_bytes()
    assert main([*words, "--num", "wild2d=2"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["wild2d.h5"]
    assert (tmp_path / "wild2d.h5").read_bytes() == before
    assert main([*words, "--num", "wild2d=1"]) == 0


def test_parts_of_another_run_are_refused(tmp_path: Path) -> None:
    parts = tmp_path / ".studio3d.parts"
    parts.mkdir()
    (parts / "parameters.json").write_text(Job("studio3d", num=7).parameters())
    with pytest.raises(PoseError, match=r"other parameters.*delete it"):
        generate(STUDIO, tmp_path)


def test_complete_only_with_the_same_parameters(studio: Path) -> None:
    assert is_complete(STUDIO, studio.parent)
    assert not is_complete(Job("studio3d", num=6, seed=4, resolution=96), studio.parent)
    assert not is_complete(Job("test", num=6), studio.parent)
    assert set(json.loads(STUDIO.parameters())) == {"world", "num", "seed", "resolution", "photos", "code"}


def test_photos_decide_the_contents_not_their_folder(tmp_path: Path) -> None:
    for folder, colour in (("a", 40), ("b", 40), ("c", 200)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "photo.png"), np.full((80, 120, 3), colour, np.uint8))
    same, too, other = (Job("wild2d", 8, resolution=64, photos=photos_in(tmp_path / f)[0]) for f in "abc")
    assert same.parameters() == too.parameters() != other.parameters()
    images = np.stack([PoseStore(generate(other, tmp_path / "out")).image(i) for i in range(8)]).astype(int)
    corners = images[:, :3, :3].reshape(8, -1)
    # most pictures stand before the flat grey photo, up to exposure and grain
    assert ((np.ptp(corners, axis=1) < 30) & (corners.mean(1) > 170)).sum() >= 4
    (tmp_path / "c" / "photo.png").write_bytes(b"no picture")
    with pytest.raises(PoseError, match=r"photo\.png does not decode"):
        photos_in(tmp_path / "c")
    with pytest.raises(PoseError, match="no folder"):
        photos_in(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PoseError, match="no picture"):
        photos_in(tmp_path / "empty")


def test_photos_that_cannot_be_read_are_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    (folder / "b.jpg").mkdir(parents=True)
    cv2.imwrite(str(folder / "good.png"), np.full((80, 120, 3), 90, np.uint8))
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:-20])
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    arguments = ["synth", "--worlds", "wild2d", "--num", "wild2d=2", "--resolution", "64", "--workers", "1"]
    code = main([*arguments, "--out", str(tmp_path / "out"), "--backgrounds", str(folder)])
    assert code == INCOMPLETE
    told = capsys.readouterr().err
    assert all(f"{name} is" in told for name in ("b.jpg", "cut.png", "gone.jpg"))
    assert len(PoseStore(tmp_path / "out" / "wild2d.h5")) == 2


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["synth", "--worlds", "test", "--num", "test=6", "--resolution", "64", "--workers", "1"]
    out = ["--out", str(tmp_path / "embedded")]
    assert main([*arguments, *out]) == 0
    assert len(PoseStore(tmp_path / "embedded" / "test.h5")) == 6
    assert main([*arguments, *out]) == 0
    assert "nothing to do" in capsys.readouterr().err
    sheet = tmp_path / "sheet.png"
    assert main([*arguments, "--preview", str(sheet)]) == 0
    assert cv2.imread(str(sheet)).shape == (2 * 224, 8 * 224, 3)
    capsys.readouterr()
    for wrong in (
        ["--num", "moon=3"],
        ["--num", "test=none"],
        ["--num", "lab3d=3"],
        ["--resolution", "10"],
        ["--worlds", "wild3d", "--num", "wild3d=0"],
        ["--preview", "sheet.gif"],
    ):
        assert main([*arguments, *out, *wrong]) == 2
        sentence = capsys.readouterr().err
        assert sentence.startswith("pose3d synth: --")
        assert "Traceback" not in sentence
