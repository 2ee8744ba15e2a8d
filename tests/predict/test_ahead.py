"""Reading ahead changes neither items nor errors, and its thread ends."""

import subprocess
import sys
import threading
import time

import pytest

from pose3d.predict.ahead import read_ahead


def test_the_same_items_in_the_same_order():
    assert list(read_ahead(range(100), 3)) == list(range(100))
    assert list(read_ahead([])) == []


def test_reading_and_using_overlap_and_few_items_wait():
    made = []

    def items():
        for number in range(8):
            made.append(number)
            yield number

    for number in read_ahead(items(), 2):
        time.sleep(0.02)
        assert len(made) <= number + 1 + 2 + 1  # in use, waiting, and the one that finds no room
    assert len(made) == 8


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise ValueError("damaged")

    reader = read_ahead(items())
    assert next(reader) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(reader)


def test_closing_ends_the_thread():
    def endless():
        while True:
            yield 0

    reader = read_ahead(endless())
    next(reader)
    reader.close()
    assert not any(thread.name == "read ahead" and thread.is_alive() for thread in threading.enumerate())


def test_a_program_that_ends_without_closing_it_ends_as_usual():
    """A thread that is inside OpenCV when the interpreter ends would abort the process."""
    program = (
        "import cv2, numpy; from pose3d.predict.ahead import read_ahead\n"
        "image = numpy.zeros((500, 500, 3), numpy.uint8)\n"
        "def shapes():\n"
        "    while True: yield cv2.GaussianBlur(image, (31, 31), 5).shape\n"
        "reader = read_ahead(shapes(), 1_000_000)\n"
        "print(next(reader))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(500, 500, 3)\n", "")
