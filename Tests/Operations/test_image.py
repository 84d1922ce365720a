"""The image's steps in a bare Debian of debootstrap: it holds what runs, nothing else, and runs as nobody in particular.

Root only, and long: `bin/test image`. TUTALINK_IMAGE_BINARY names a release that was built elsewhere; without it one is built
as the container file would."""

import os
import pathlib
import shlex
import shutil
import subprocess
import urllib.request

import pytest
from conftest import ROOT
from harness import HOME, free_port, until

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0 or not shutil.which("debootstrap"), reason="needs root and debootstrap"),
    pytest.mark.timeout(1800),
]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A root folder with the image's second stage done in it."""
    base = HOME / "image/bookworm"
    if not (base / "etc/debian_version").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", "bookworm", base, "http://deb.debian.org/debian")
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
            env=os.environ | {"BUILD_OPTIONS": f"--scratch-path {HOME}/image/build"})
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


def test_it_is_slim_and_holds_no_tool_to_build_with(image):
    size = sum(path.lstat().st_size for path in image.rglob("*") if path.is_file() and not path.is_symlink())
    for tool in ("swift", "gcc", "g++", "git", "curl", "python3", "make"):
        assert not (image / "usr/bin" / tool).exists(), tool
    assert not list((image / "opt/tutalink").rglob("*.swift")) and not (image / "opt/tutalink/Tests").exists()
    assert size < 500 << 20, f"{size >> 20} MB"


def test_nothing_of_the_house_can_be_written_by_who_runs_it(image):
    said = within(image, "find", "/opt/tutalink", "-writable", user=900)
    assert not said.strip()
    assert "root" not in within(image, "id", user=900)


def test_it_migrates_serves_is_healthy_and_backs_up(image, databases, tmp_path):
    name = f"image_{os.getpid()}"
    databases.run(f'create database "{name}"')
    # The cluster's socket, as a container would have it mounted.
    sockets = next(word.split("=")[1] for word in databases.base.split() if word.startswith("host="))
    (image / "run/postgresql").mkdir(parents=True, exist_ok=True)
    url = " ".join("host=/run/postgresql" if word.startswith("host=") else word for word in databases.base.split() if not word.startswith("dbname="))
    settings = dict(
        DATABASE_URL=f"{url} dbname={name}", TUTALINK_HOME="/var/lib/tutalink", PORT=free_port(), HOST="127.0.0.1", LANG="C.UTF-8")
    mounts = f"mount --bind {sockets} {image}/run/postgresql;"
    options = dict(mounts=mounts + f" cd {image}/opt/tutalink;", user=900) | settings
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
        said = run(*command("bash", "-c", '"K=\\$(bin/backup keys /var/lib/tutalink/key | cut -d= -f2) && BACKUP_RECIPIENT=\\$K bin/backup"'))
        assert "made in" in said
    finally:
        databases.drop(name)
