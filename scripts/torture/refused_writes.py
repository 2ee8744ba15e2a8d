"""Writes into a folder that fail as on a full disk or with a used-up quota (Linux 5.9, x86-64 or AArch64).

The kernel (seccomp) hands the writing system calls of a process to a second process, which lets them pass until there
is no more room in the folder, and then answers with the error of a full disk (ENOSPC) or of a quota (EDQUOT).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import select
import socket
import struct
from pathlib import Path

# System calls: write, pwrite64, writev, pwritev, copy_file_range, sendfile, seccomp.
_NUMBERS = {"x86_64": (1, 18, 20, 296, 326, 40, 317), "aarch64": (64, 68, 66, 70, 285, 71, 277)}
_NO_NEW_PRIVS, _MODE_FILTER, _NEW_LISTENER = 38, 1, 1 << 3
_NOTIFY, _ALLOW = 0x7FC00000, 0x7FFF0000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTICE, _CONTINUE = "=QIIiIQ6Q", 1


def refuse_writes(folder: Path, room: int, error: int) -> None:
    """From now on this process and its children can write `room` bytes into `folder`; then they get `error`."""
    numbers = _NUMBERS[platform.machine()]
    ours, theirs = socket.socketpair()
    if not os.fork():
        try:
            ours.close()
            listener = socket.recv_fds(theirs, 1, 1)[1][0]
            _supervise(listener, os.path.realpath(folder) + os.sep, room, error, numbers)
        finally:
            os._exit(0)
    theirs.close()
    listener = _install(numbers)
    socket.send_fds(ours, [b"."], [listener])
    os.close(listener)
    ours.close()


def _install(numbers: tuple[int, ...]) -> int:
    """Let the kernel report the writing system calls of this process; the descriptor to read the reports from."""
    calls, seccomp = numbers[:-1], numbers[-1]
    code = [(0x20, 0, 0, 0)]  # load the number of the system call
    code += [(0x15, len(calls) - place, 0, number) for place, number in enumerate(calls)]  # if equal, jump to NOTIFY
    code += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _NOTIFY)]
    program = b"".join(struct.pack("=HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    listener = int(libc.syscall(seccomp, _MODE_FILTER, _NEW_LISTENER, head))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


def _supervise(listener: int, folder: str, room: int, error: int, numbers: tuple[int, ...]) -> None:
    """Answer the reports until no process is left that sends any."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while not any(event & select.POLLHUP for _, event in poll.poll()):
        notice = bytearray(struct.calcsize(_NOTICE))
        try:
            fcntl.ioctl(listener, _RECEIVE, notice)
            number, pid, _, call, _, _, *values = struct.unpack(_NOTICE, notice)
            path, size = _target(pid, call, values, numbers)
            refused = path.startswith(folder) and size > room
            if refused:
                room = 0
            elif path.startswith(folder) and not path.endswith(" (deleted)"):  # a file without a name is freed again
                room -= size
            answer = (number, 0, -error, 0) if refused else (number, 0, 0, _CONTINUE)
            fcntl.ioctl(listener, _SEND, struct.pack("=QqiI", *answer))
        except FileNotFoundError:  # the process was killed meanwhile
            continue


def _target(pid: int, call: int, values: list[int], numbers: tuple[int, ...]) -> tuple[str, int]:
    """Path and number of bytes of a system call."""
    write, pwrite, _, _, copy_range, send, _ = numbers
    descriptor = values[2] if call == copy_range else values[0]
    path = os.readlink(f"/proc/{pid}/fd/{descriptor}")
    if call in (write, pwrite):
        return path, values[2]
    if call in (copy_range, send):
        return path, values[4] if call == copy_range else values[3]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:  # the list of buffers of writev
        memory.seek(values[1])
        return path, sum(struct.unpack(f"={2 * values[2]}Q", memory.read(16 * values[2]))[1::2])
