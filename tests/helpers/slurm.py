"""A Slurm of two nodes on this machine, with accounting, for as long as a test takes: Debian's slurm-wlm, run by root.

Everything is in one directory, and on the loopback interface: no service of the system is started or changed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

NODES = ("node1", "node2")
PACKAGES = ("slurm-wlm", "slurmdbd", "slurm-wlm-mysql-plugin", "munge", "mariadb-server")

_DATABASE = """
AuthType=auth/munge
AuthInfo=socket={directory}/munge/socket
DbdHost=localhost
DbdPort={ports[0]}
SlurmUser=root
LogFile={directory}/slurmdbd.log
PidFile={directory}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[1]}
StorageUser=root
StoragePass=none
StorageLoc=slurm
"""
_CLUSTER = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[2]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={directory}/munge/socket
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={ports[0]}
AccountingStoragePass={directory}/munge/socket
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=15
KillWait=5
"""


class Cluster:
    """A running Slurm.

    Attributes
    ----------
    environment
        In which Slurm's commands find it.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        self.environment = {**os.environ, "SLURM_CONF": str(directory / "slurm.conf")}
        self.environment.pop("USER", None)  # as in a container, or where a service logs in

    def run(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def start_node(self, name: str) -> None:
        self.run("slurmd", "-N", name)

    def lose_node(self, name: str) -> None:
        """Kill a node's daemon and all that it runs, as when its power fails."""
        daemon = int((self.directory / f"{name}.pid").read_text())
        os.kill(daemon, signal.SIGKILL)
        tasks = [process for process in Path("/proc").glob("[0-9]*") if self._runs_on(process, name)]
        steps = {parent for parent in map(_parent, tasks) if parent and "slurmstepd" in _text(parent / "comm")}
        for process in {*steps, *tasks}:
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)

    def _runs_on(self, process: Path, node: str) -> bool:
        environment = _text(process / "environ").split("\0")
        return f"SLURM_CONF={self.directory / 'slurm.conf'}" in environment and f"SLURMD_NODENAME={node}" in environment

    def states(self) -> dict[str, str]:
        return dict(line.split() for line in self.run("sinfo", "-hN", "-o", "%N %T").splitlines())


@contextmanager
def cluster(directory: Path) -> Iterator[Cluster]:
    """Start Slurm, and stop it again."""
    directory.chmod(0o755)
    for name in ("munge", "database", "state", *NODES):
        (directory / name).mkdir(mode=0o755)
    settings = {"directory": directory, "host": socket.gethostname(), "ports": _free_ports(3 + len(NODES))}
    _write_settings(directory, settings)
    slurm = Cluster(directory)
    with ExitStack() as stack:
        _start_munge(directory / "munge", stack)
        _start_database(directory / "database", settings["ports"][1], stack)
        slurm.run("slurmdbd")
        stack.callback(_stop, directory / "slurmdbd.pid")
        _wait(lambda: slurm.run("sacctmgr", "-i", "add", "cluster", "test"))
        slurm.run("slurmctld")
        stack.callback(_stop, directory / "slurmctld.pid")
        for name in NODES:
            slurm.start_node(name)
            stack.callback(_stop, directory / f"{name}.pid")
        _wait(lambda: _check(set(slurm.states().values()) == {"idle"}))
        yield slurm


def _write_settings(directory: Path, settings: dict) -> None:
    database, text = directory / "slurmdbd.conf", _CLUSTER.format(**settings)
    database.write_text(_DATABASE.format(**settings))
    database.chmod(0o600)
    for name, port in zip(NODES, settings["ports"][3:], strict=True):
        text += f"NodeName={name} NodeHostname={settings['host']} NodeAddr=127.0.0.1 Port={port} RealMemory=6000\n"
    text += f"PartitionName=main Nodes={','.join(NODES)} Default=YES State=UP\n"
    (directory / "slurm.conf").write_text(text)


def _start_munge(directory: Path, stack: ExitStack) -> None:
    key = directory / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    files = [f"--{name}-file={directory / name}" for name in ("key", "pid", "log", "seed")]
    subprocess.run(["munged", f"--socket={directory / 'socket'}", *files], check=True)
    stack.callback(_stop, directory / "pid")


def _start_database(directory: Path, port: int, stack: ExitStack) -> None:
    settings = ["--no-defaults", f"--datadir={directory}"]
    with (directory.parent / "database.log").open("w") as log:
        subprocess.run(["mariadb-install-db", *settings, "--user=root"], check=True, stdout=log, stderr=log)
        socket_file = directory / "socket"
        address = [f"--socket={socket_file}", f"--port={port}", "--bind-address=127.0.0.1"]
        command = ["mariadbd", *settings, "--user=root", *address]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    stack.callback(server.wait)
    stack.callback(server.terminate)
    sql = "create database slurm; alter user root@localhost identified by 'none'; " + (
        "create user root@'127.0.0.1' identified by 'none'; grant all on *.* to root@'127.0.0.1'"
    )
    client = ["mariadb", "--no-defaults", f"--socket={socket_file}", "-u", "root", "-e", sql]
    _wait(lambda: subprocess.run(client, check=True, capture_output=True))


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _text(path: Path) -> str:
    """What a file of /proc says; nothing once the process has ended."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _parent(process: Path) -> Path | None:
    lines = [line for line in _text(process / "status").splitlines() if line.startswith("PPid:")]
    return process.with_name(lines[0].split()[1]) if lines else None


def _stop(pid_file: Path) -> None:
    """End a daemon by its own id, and wait until it has ended."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.1)
    except (FileNotFoundError, ProcessLookupError):
        return


def _check(holds: bool) -> None:
    if not holds:
        raise RuntimeError("not yet")


def _wait(attempt: Callable[[], object], seconds: float = 60) -> None:
    """Try until it works."""
    end = time.monotonic() + seconds
    while True:
        try:
            attempt()
            return
        except (RuntimeError, subprocess.CalledProcessError):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
