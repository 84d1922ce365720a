"""The image's steps in a bare Debian of debootstrap: it holds what runs, nothing else, and runs as nobody in particular.

Root only, and long: `bin/test image`. The release is built as the container file would; BUILD_OPTIONS goes to the compiler.
TUTALINK_IMAGE_BINARY names one that was built elsewhere, and TUTALINK_IMAGE_LIBRARIES a folder of Swift's libraries for one that
is not linked with them statically, such as a debug build: for a quick run."""

import contextlib
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import threading
import urllib.request

import pytest
from conftest import ROOT
from harness import HOME, until
from Peers.ports import free_port

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0 or not shutil.which("debootstrap"), reason="needs root and debootstrap"),
    pytest.mark.timeout(1800),
]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def archive():
    """Where this machine's apt has the release from; nothing leaves it to debootstrap."""
    known = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)").splitlines()
    return next(([line.split()[0]] for line in known if line.endswith(" bookworm")), [])


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A root folder with the image's second stage done in it."""
    base = HOME / "image/bookworm"
    if not (base / "etc/debian_version").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", "bookworm", base, *archive())
    root = tmp_path_factory.mktemp("image") / "root"
    run("cp", "-a", base, root)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    stage = root / "opt/tutalink"
    stage.mkdir(parents=True)
    built = os.environ.get("TUTALINK_IMAGE_BINARY")
    if built:
        run(ROOT / "deploy/image.sh", "lay", stage, built, cwd=ROOT)
    else:
        run(ROOT / "deploy/image.sh", "compile", stage, cwd=ROOT,
            env={"BUILD_OPTIONS": f"--scratch-path {HOME}/image/build"} | os.environ)
    if os.environ.get("TUTALINK_IMAGE_LIBRARIES"):
        for library in pathlib.Path(os.environ["TUTALINK_IMAGE_LIBRARIES"]).glob("*.so"):
            shutil.copy(library, root / "usr/lib/x86_64-linux-gnu")
    within(root, "/opt/tutalink/deploy/image.sh", "install", "/opt/tutalink")
    yield root
    shutil.rmtree(root.parent, ignore_errors=True)


def inside(root, *command, mounts="", user=None, **environment):
    """The command that runs something in the root, with what a container is given: /proc, /dev, nothing of ours."""
    words = shlex.join(map(str, command))
    become = f"setpriv --reuid={user} --regid={user} --clear-groups --no-new-privs --bounding-set=-all" if user else ""
    settings = " ".join(f"{name}='{value}'" for name, value in environment.items())
    # exec all the way, so that a signal meant for the server reaches it.
    script = (
        f"set -e; mount -t proc proc {root}/proc; mount --rbind /dev {root}/dev; {mounts} "
        f"exec chroot {root} /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin {settings} {become} {words}")
    return ["unshare", "--mount", "--propagation", "private", "bash", "-c", script]


def within(root, *command, **options):
    return run(*inside(root, *command, **options))


@contextlib.contextmanager
def door(to, at):
    """A socket that anybody may open, and that speaks with PostgreSQL as us: it asks the one who connects for a name."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(at))
    os.chmod(at, 0o777)
    listener.listen(50)

    def carry(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                inner = listener.accept()[0]
                outer = socket.socket(socket.AF_UNIX)
                outer.connect(str(to))
                for pair in ((inner, outer), (outer, inner)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        listener.close()
        os.unlink(at)


def test_it_is_slim_and_holds_no_tool_to_build_with(image):
    found = [path.lstat() for path in image.rglob("*") if path.is_file() and not path.is_symlink()]
    # A file that has several names is there once.
    size = sum({status.st_ino: status.st_size for status in found}.values())
    for tool in ("swift", "gcc", "g++", "git", "curl", "python3", "make"):
        assert not (image / "usr/bin" / tool).exists(), tool
    assert not list((image / "opt/tutalink").rglob("*.swift")) and not (image / "opt/tutalink/Tests").exists()
    # A good half is ffprobe's: whatever it could ever have to read.
    assert size < 640 << 20, f"{size >> 20} MB"
    print(f"the image holds {size >> 20} MB")


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_it_looks_into_films(image):
    run("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=2", "-f", "lavfi", "-i",
        "sine=duration=2", "-c:v", "libvpx", "-c:a", "libopus", image / "tmp/film.webm")
    said = within(image, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", "/tmp/film.webm")
    assert said.split() == ["vp8", "opus"]


def test_nothing_of_the_house_can_be_written_by_who_runs_it(image):
    said = within(image, "find", "/opt/tutalink", "-writable", user=900)
    assert not said.strip()
    assert "root" not in within(image, "id", user=900)


def test_it_migrates_serves_is_healthy_and_backs_up(image, databases, tmp_path):
    name = f"image_{os.getpid()}"
    databases.run(f'create database "{name}"')
    # The cluster's socket, as a container would have it mounted.
    words = dict(word.split("=") for word in databases.base.split())
    own = f".s.PGSQL.{words.get('port', '5432')}"
    (image / "run/postgresql").mkdir(parents=True, exist_ok=True)
    url = " ".join("host=/run/postgresql" if word.startswith("host=") else word for word in databases.base.split() if not word.startswith("dbname="))
    settings = dict(
        DATABASE_URL=f"{url} dbname={name}", TUTALINK_HOME="/var/lib/tutalink", PORT=free_port(), HOST="127.0.0.1", LANG="C.UTF-8")
    options = dict(user=900) | settings
    opened = contextlib.ExitStack()
    opened.enter_context(door(pathlib.Path(words["host"]) / own, image / "run/postgresql" / own))
    try:
        def command(*words):
            return inside(image, "/bin/bash", "-c", "cd /opt/tutalink && exec " + " ".join(words), **options)

        run(*command("./tutalink", "migrate"))
        run(*command("./tutalink", "seed"))
        log = tmp_path / "log"
        process = subprocess.Popen(command("./tutalink", "serve"), stdout=open(log, "wb"), stderr=subprocess.STDOUT)
        try:
            def healthy():
                assert process.poll() is None, log.read_text()[-3000:]
                return subprocess.run(command("deploy/healthy"), capture_output=True).returncode == 0
            until(healthy, "the image's own look at its health", seconds=60)
            with urllib.request.urlopen(f"http://127.0.0.1:{settings['PORT']}/tutors", timeout=20) as page:
                assert page.status == 200
            with urllib.request.urlopen(f"http://127.0.0.1:{settings['PORT']}/", timeout=20) as page:
                assert "stylesheet" in page.read().decode()
        finally:
            process.terminate()
            process.wait(60)
        assert subprocess.run(command("deploy/healthy"), capture_output=True).returncode != 0
        said = run(*command(
            "bash", "-c", shlex.quote('K=$(bin/backup keys /var/lib/tutalink/key | cut -d= -f2) && BACKUP_RECIPIENT=$K bin/backup')))
        assert "made in" in said
    finally:
        opened.close()
        databases.drop(name)
