"""Small trees in Human3.6M's layout, drawn for the tests of its reader."""

import cdflib.cdfwrite
import h5py
import numpy as np

from pose3d.data.sources.framing import Framing
from pose3d.data.sources.h36m_tree import ACTIVITIES, CAMERAS
from pose3d.skeleton import MPI_INF_3DHP_17, MPI_INF_3DHP_28, remap
from tests.data.sources.scene import SceneCamera, picture, walk, write_video

WHOLE = Framing(0, 0)
TO_17 = [15, 13, 25, 26, 27, 17, 18, 19, 1, 2, 3, 6, 7, 8, 0, 12, 14]  # docs/datasets.md
NUM = 7


def to_32(poses):
    """The 17 joints at their places among the 32, the rest zero."""
    wide = np.zeros((len(poses), 32, poses.shape[-1]))
    wide[:, TO_17] = poses
    return wide


def write_cdf(path, poses):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = poses.reshape(1, len(poses), -1).astype(np.float32)
    file = cdflib.cdfwrite.CDF(str(path), {"Majority": "row_major", "Encoding": 6})
    spec = {"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True, "Dim_Sizes": list(data.shape[1:])}
    file.write_var(spec, var_data=data)
    file.close()


def view(index):
    return SceneCamera(0.9 * index, (120, 122) if index in (0, 3) else (120, 120))


def euler(matrix):
    """Angles of R = Rx Ry Rz."""
    return [
        np.arctan2(-matrix[1, 2], matrix[2, 2]),
        np.arcsin(matrix[0, 2]),
        np.arctan2(-matrix[0, 1], matrix[0, 0]),
    ]


def write_metadata(root):
    w0 = np.zeros(264 + 36)
    for index in range(4):
        matrix = view(index).cam_from_world
        for subject in range(1, 12):
            start = 6 * (index * 11 + subject - 1)
            w0[start : start + 3] = euler(matrix[:3, :3])
            w0[start + 3 : start + 6] = -matrix[:3, :3].T @ matrix[:3, 3]
    text = " ".join(f"{value:.8f}" for value in w0)
    (root / "metadata.xml").write_text(f"<metadata><w0>[{text}]</w0></metadata>")


def write_tree(root, subjects, files=None, masks=False, parts=False):
    for subject in subjects:
        folder = root / f"S{subject}"
        for number, action in enumerate(ACTIVITIES):
            spelled = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}.get(action, action) if subject == 1 else action
            for file in (files or {}).get((subject, action), [spelled]):
                world = walk(NUM, seed=subject * 20 + number)[:, remap(MPI_INF_3DHP_28, MPI_INF_3DHP_17)]
                write_cdf(folder / "MyPoseFeatures" / "D3_Positions" / f"{file}.cdf", to_32(world))
                for index, camera in enumerate(CAMERAS):
                    cam = view(index)
                    pixels, points = cam.see(world)
                    poses = folder / "MyPoseFeatures"
                    write_cdf(poses / "D2_Positions" / f"{file}.{camera}.cdf", to_32(pixels))
                    write_cdf(poses / "D3_Positions_mono" / f"{file}.{camera}.cdf", to_32(points))
                    write_cdf(poses / "D3_Positions_mono_universal" / f"{file}.{camera}.cdf", to_32(points * 1.1))
                    frames = [picture(frame, pixels[frame], cam.size) for frame in range(NUM - index % 2)]
                    write_mp4(folder / "Videos" / f"{file}.{camera}.mp4", frames)
                    if masks:
                        write_masks(folder / "MySegmentsMat" / "ground_truth_bs" / f"{file}.{camera}.mat", cam.size)
                    if parts:
                        write_parts(folder / "Segments_mat_gt_pl" / f"{file}.{camera}.mat", cam.size)


def write_mp4(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path.with_suffix(".avi"), frames, fps=50)
    path.with_suffix(".avi").rename(path)  # the container does not matter here, the reader goes by content


def write_masks(path, size):
    """`Masks`: references to (W, H) arrays, transposed as MATLAB stores them; frame k has k + 1 marked columns."""
    masks = np.zeros((NUM, size[1], size[0]), bool)
    for frame in range(NUM):
        masks[frame, 10:50, : frame + 1] = True
    write_cells(path, "Masks", masks)


def body_parts(frame, size):
    """(H, W): 24 upright stripes of different widths, which begin at a column of the frame."""
    labels = np.zeros((size[1], size[0]), np.uint8)
    for part in range(1, 25):
        labels[10 + part : 60 + frame, frame + 3 * part + part % 2 : frame + 3 * part + 3] = part
    return labels


def write_parts(path, size, num=NUM, dtype=np.uint8, add=0):
    """`Feat`, in the form of `Masks`."""
    write_cells(path, "Feat", [body_parts(frame, size).astype(dtype) + dtype(add) for frame in range(num)])


def write_cells(path, name, images):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        references = np.empty((len(images), 1), h5py.ref_dtype)
        for frame, image in enumerate(images):
            references[frame, 0] = file.create_dataset(f"#refs#/m{frame}", data=image.T).ref
        file.create_dataset(name, data=references, dtype=h5py.ref_dtype)
