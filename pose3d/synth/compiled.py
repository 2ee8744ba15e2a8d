"""The compiler settings of the renderer's loops."""

import numba

compiled = numba.njit(cache=True, nogil=True, error_model="numpy")
"""Compile on first use and keep the result on disk.

Without `fastmath`, whose reordered and fused sums differ from processor to processor: images should not
depend on the machine. (The last bits of sines and powers still may.)
"""
