"""What deploy/ ships is read by the programs it is for."""

import pathlib
import re
import shutil
import socket
import subprocess

import pytest
from conftest import ROOT
from harness import until

DEPLOY = ROOT / "deploy"


def certificate(folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tutors.example.org",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"], check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_takes_its_configuration(tmp_path):
    certificate(tmp_path)
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/tutalink", str(tmp_path))
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off; include {tmp_path}/site.conf; }}\n")
    done = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_units_are_sound_and_leave_the_server_little(tmp_path):
    # The programs they start must be there to be judged.
    for unit in sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer")) + sorted(DEPLOY.glob("*.socket")):
        text = re.sub(r"/opt/tutalink/(\S+)", lambda found: "/bin/true" if "tutalink" in found[1] or "backup" in found[1] else found[0], unit.read_text())
        (tmp_path / unit.name).write_text(text)
    for unit in sorted(tmp_path.iterdir()):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
        about_us = [line for line in done.stderr.splitlines() if unit.name in line]
        assert not about_us, "\n".join(about_us)
    for unit in sorted(DEPLOY.glob("*.service")):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True)
        found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
        assert found and float(found[1]) < 2.5, f"{unit.name}: {found and found[0]}"


@pytest.mark.skipif(not shutil.which("promtool"), reason="prometheus is not installed")
def test_prometheus_takes_its_configuration(tmp_path):
    (tmp_path / "rules.yml").write_text((DEPLOY / "prometheus/rules.yml").read_text())
    (tmp_path / "token").write_text("t")
    text = (DEPLOY / "prometheus/prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(
        text.replace("/etc/prometheus/rules.yml", str(tmp_path / "rules.yml")).replace("/run/secrets/metrics-token", str(tmp_path / "token")))
    done = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ── Compose ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# Of the Compose Specification, what a service may have; a misspelt word is passed over by some engines.
SERVICE = set("""build cap_drop command container_name depends_on environment healthcheck image network_mode networks ports
    read_only restart secrets security_opt shm_size stop_grace_period tmpfs ulimits user volumes""".split())


def compose():
    read = subprocess.run(
        ["/usr/bin/python3", "-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"],
        input=(DEPLOY / "compose.yaml").read_text(), capture_output=True, text=True)
    if "No module named 'yaml'" in read.stderr:
        pytest.skip("python3-yaml is not installed")
    assert read.returncode == 0, read.stderr
    import json
    return json.loads(read.stdout)


def test_the_composition_is_whole():
    site = compose()
    services = site["services"]
    assert {"node-1", "node-2", "database", "redis", "proxy", "relay", "media", "prometheus"} <= set(services)
    for name, service in services.items():
        assert set(service) <= SERVICE, f"{name}: {set(service) - SERVICE}"
        assert "image" in service
        for other in service.get("depends_on", {}):
            assert other in services, f"{name} waits for {other}"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                # Certificates are the operator's.
                assert source.endswith("certificates") or (DEPLOY / source).exists(), f"{name}: {source} is not shipped"
            else:
                assert source in site["volumes"], f"{name}: {source}"
        networks = service.get("networks", [])
        assert set(networks) <= set(site["networks"]), name
        assert "network_mode" in service or networks, f"{name} is in no network"
    for node in ("node-1", "node-2"):
        assert services[node]["read_only"] and services[node]["cap_drop"] == ["ALL"]
        # Nobody reaches a node but through the proxy.
        assert "ports" not in services[node]
    assert not set(services["database"]["networks"]) - {"inside"} and site["networks"]["inside"]["internal"]


def test_every_setting_of_the_composition_is_one():
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / "Config/sample.env").read_text(), re.M))
    given = set(compose()["services"]["node-1"]["environment"])
    # Several nodes speak through Redis.
    assert given <= known | {"REDIS_URL"}, given - known


def test_the_image_is_slim_by_its_recipe():
    text = (DEPLOY / "Containerfile").read_text()
    last = text.split("FROM ")[-1]
    assert last.startswith("debian:bookworm-slim") and "USER tutalink" in last and "HEALTHCHECK" in last
    # Its steps are the script's, and nobody's else.
    assert re.findall(r"^RUN (.*)", text, re.M) == [
        "/source/deploy/image.sh compile /opt/tutalink", "/opt/tutalink/deploy/image.sh install /opt/tutalink"]


@pytest.mark.skipif(not shutil.which("janus"), reason="janus is not installed")
def test_janus_takes_its_configuration(tmp_path):
    folder = tmp_path / "janus"
    shutil.copytree(DEPLOY / "janus", folder)
    text = (folder / "janus.jcfg").read_text().replace("/usr/local/etc/janus", str(folder))
    assert text.count("change-me") == 2
    (folder / "janus.jcfg").write_text(text)
    ports = []
    for name, port in (("janus.transport.http.jcfg", "8188"), ("janus.transport.http.jcfg", "7088"), ("janus.transport.websockets.jcfg", "8189")):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            path = folder / name
            ports.append(probe.getsockname()[1])
            path.write_text(path.read_text().replace(port, str(ports[-1])))
    log = tmp_path / "log"
    process = subprocess.Popen(["janus", "-F", folder], stdout=open(log, "wb"), stderr=subprocess.STDOUT)
    try:
        def listens(port):
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        until(lambda: process.poll() is not None or all(map(listens, ports)), "Janus to listen")
        said = log.read_text(errors="replace")
        assert process.poll() is None, said[-2000:]
        assert "[ERR]" not in said and "[FATAL]" not in said, said
    finally:
        process.kill()
        process.wait()
