"""Readers of official data set layouts: one module per layout, each with `add_arguments` and `plan`.

A reader looks at a tree, says at once what is missing, and returns a `Plan`: which samples there will be, in tasks that
run independently. `prepare.py` runs the tasks and writes one pose store.
"""

from typing import Final

# Names on the command line; the module of the same name reads the layout.
SOURCES: Final = {
    "mpi_inf_3dhp": "MPI-INF-3DHP, training set (S1..S8)",
    "mpi_inf_3dhp_test": "MPI-INF-3DHP, test set (TS1..TS6)",
    "h36m": "Human3.6M, official folders",
    "h36m_fetch": "Human3.6M as h36m-fetch leaves it (processed/)",
    "mpii": "MPII Human Pose, .mat or HRNet-style JSON",
    "lsp": "Leeds Sports Poses",
    "lspet": "Leeds Sports Poses, extended training set",
    "aspset510": "ASPset-510",
    "coco": "COCO keypoints, and exports in COCO's JSON form",
    "table": "your own: a CSV or Parquet table of images and labels",
    "multiview": "your own: videos of calibrated cameras with 3D joints in a C3D or TRC file",
    "humaneva": "HumanEva-I, S1 Walking and Box",
}

# Sources whose images are kept whole: test sets, so that predictions are in official pixels, and small pictures.
WHOLE_IMAGES: Final = ("mpi_inf_3dhp_test", "lsp", "lspet", "humaneva")
