"""What deploy/ ships is read by the programs it is for."""

import ipaddress
import json
import pathlib
import re
import shutil
import socket
import subprocess

import pytest
from conftest import ROOT
from harness import until
from Peers.ports import free_port

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

# Of the Compose Specification, what may stand where, and as what; a misspelt word is passed over by some engines.
SERVICE = {
    "build": dict, "cap_drop": list, "command": list, "depends_on": dict, "environment": dict, "healthcheck": dict, "image": str,
    "network_mode": str, "networks": (list, dict), "ports": list, "read_only": bool, "restart": str, "secrets": list, "security_opt": list,
    "shm_size": str, "stop_grace_period": str, "tmpfs": list, "ulimits": dict, "user": str, "volumes": list,
}
TOP = {"name": str, "services": dict, "networks": dict, "secrets": dict, "volumes": dict}
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}

# As YAML, but a word that is given twice is a mistake: the first would be forgotten in silence.
READ = """
import json, sys, yaml
class Strict(yaml.SafeLoader): pass
def pairs(loader, node):
    own = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    assert len(own) == len(set(own)), f"given twice: {own} at {node.start_mark}"
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))
Strict.add_constructor("tag:yaml.org,2002:map", pairs)
json.dump(yaml.load(sys.stdin, Strict), sys.stdout)
"""


def read_yaml(path):
    read = subprocess.run(["/usr/bin/python3", "-c", READ], input=path.read_text(), capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    return json.loads(read.stdout)


def compose():
    return read_yaml(DEPLOY / "compose.yaml")


def test_the_composition_is_whole():
    site = compose()
    assert set(site) - TOP.keys() == {"x-node"} and all(isinstance(site[word], kind) for word, kind in TOP.items())
    services = site["services"]
    assert {"node-1", "node-2", "migrate", "database", "redis", "proxy", "relay", "media", "prometheus"} == set(services)
    used = set()
    for name, service in services.items():
        for word, value in service.items():
            assert word in SERVICE, f"{name}: {word} is no word of a service"
            assert isinstance(value, SERVICE[word]), f"{name}: {word} is {value!r}"
        assert "image" in service
        assert set(service.get("healthcheck", {})) <= HEALTHCHECK
        for other, how in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}"
            assert set(how) == {"condition"} and how["condition"] in CONDITIONS, f"{name}: {how}"
            if how["condition"] == "service_healthy":
                # Who is waited for must be able to say that it is well: the image says so for the nodes.
                assert "healthcheck" in services[other] or "HEALTHCHECK" in (DEPLOY / "Containerfile").read_text() and "build" in services[other]
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            assert target.startswith("/"), volume
            if source.startswith("."):
                # Certificates are the operator's.
                assert source.endswith("certificates") or (DEPLOY / source).exists(), f"{name}: {source} is not shipped"
            else:
                assert source in site["volumes"], f"{name}: {source}"
                used.add(source)
        networks = service.get("networks", [])
        assert set(networks) <= set(site["networks"]), name
        assert "network_mode" in service or networks, f"{name} is in no network"
        assert set(service.get("secrets", [])) <= set(site["secrets"])
    assert used == set(site["volumes"]), "a volume nobody uses"
    for node in ("node-1", "node-2"):
        assert services[node]["read_only"] and services[node]["cap_drop"] == ["ALL"]
        # Nobody reaches a node but through the proxy.
        assert "ports" not in services[node]
    assert not set(services["database"]["networks"]) - {"inside"} and site["networks"]["inside"]["internal"]


def test_every_setting_of_the_composition_is_one():
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / "Config/sample.env").read_text(), re.M))
    services = compose()["services"]
    given = services["node-1"]["environment"]
    assert set(given) <= known, set(given) - known
    assert given == services["node-2"]["environment"] == services["migrate"]["environment"]
    # What is put in from deploy/.env is a setting of ours, or stands in the manual at the top of the file.
    text = (DEPLOY / "compose.yaml").read_text()
    manual = re.match(r"(#.*\n)+", text)[0]
    asked = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", text)
    for name, default in asked:
        assert name in manual or name in known, f"{name} is explained nowhere"
        # Without a value it is either asked for in words or may be empty; never empty by mistake.
        assert default.startswith((":?", ":-")) or any(name == other and more.startswith(":?") for other, more in asked), name
    assert {name for name, default in asked if default.startswith(":?")} <= set(re.findall(r"[A-Z_]{5,}", manual))


def test_every_port_and_path_of_the_composition_is_there():
    services = compose()["services"]
    recipe = (DEPLOY / "Containerfile").read_text()
    standard = re.search(r"^#?PORT=(\d+)", (ROOT / "Config/sample.env").read_text(), re.M)[1]
    assert f"EXPOSE {standard}" in recipe and f"PORT:-{standard}" in (DEPLOY / "healthy").read_text()
    assert services["node-1"]["environment"]["HOST"] == "0.0.0.0" and "PORT" not in services["node-1"]["environment"]
    # What the nodes are told to speak with: names and ports of services.
    addresses = [
        re.search(r"@([\w.-]+)/", services["node-1"]["environment"]["DATABASE_URL"])[1],
        re.search(r"//([\w.-]+):6379", services["node-1"]["environment"]["REDIS_URL"])[1]]
    scraped = read_yaml(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
    told = [target for job in scraped for config in job["static_configs"] for target in config["targets"]]
    addresses += [target.removesuffix(f":{standard}") for target in told if not target.startswith("127.")]
    assert set(addresses) == {"database", "redis", "node-1", "node-2"}
    for address in addresses:
        assert set(services[address]["networks"]) & set(services["prometheus"]["networks"]) & {"inside"}
    # Prometheus reads its rules and the token where they are mounted.
    mounts = {volume.split(":")[1] for volume in services["prometheus"]["volumes"]}
    assert "/etc/prometheus/rules.yml" in mounts
    assert [job["authorization"]["credentials_file"] for job in scraped if "authorization" in job] == [f"/run/secrets/{services['prometheus']['secrets'][0]}"]
    # The volume is the folder the image calls its own, and what is started is what the image holds.
    home = re.search(r"ENV TUTALINK_HOME=(\S+)", recipe)[1]
    assert services["node-1"]["volumes"] == [f"home:{home}"] and f"VOLUME {home}" in recipe
    assert services["migrate"]["command"][0] == "/opt/tutalink/tutalink" and '"/opt/tutalink/tutalink", "serve"' in recipe
    # The proxy is trusted by the address it has, and publishes what nginx listens on.
    address = services["proxy"]["networks"]["inside"]["ipv4_address"]
    assert services["node-1"]["environment"]["TRUSTED_PROXIES"] == address
    assert ipaddress.ip_address(address) in ipaddress.ip_network(compose()["networks"]["inside"]["ipam"]["config"][0]["subnet"])
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert {port.split(":")[0] for port in services["proxy"]["ports"]} == set(re.findall(r"listen (\d+)", nginx))
    # Every file nginx names is mounted.
    held = [volume.split(":")[1] for volume in services["proxy"]["volumes"]]
    for path in re.findall(r"(/(?:opt|etc/ssl)/tutalink/\S+?)[;\s]", re.sub(r"#.*", "", nginx)):
        assert any(path == one or path.startswith(one + "/") or one.startswith(path + "/") for one in held), path
    relay = (DEPLOY / "coturn/turnserver.conf").read_text()
    for path in re.findall(r"^(?:cert|pkey)=(\S+)", relay, re.M):
        assert path.startswith("/etc/ssl/turn/"), path


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_the_compositions_proxy_makes_a_configuration_that_nginx_takes(tmp_path):
    certificate(tmp_path / "ssl")
    shutil.copy(DEPLOY / "nginx.conf", tmp_path / "default.conf")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n    include /etc/nginx/conf.d/*.conf;\n}}\n")
    words = compose()["services"]["proxy"]["command"]
    assert words[:2] == ["sh", "-c"] and len(words) == 3
    script = words[2].split("&& exec")[0].replace("/etc/nginx/nginx.conf", f"{tmp_path}/nginx.conf")
    script = script.replace("/etc/nginx/conf.d/default.conf", f"{tmp_path}/default.conf").replace("/etc/nginx/site.conf", f"{tmp_path}/site.conf")
    subprocess.run(["sh", "-ec", script], check=True)
    site = (tmp_path / "site.conf").read_text()
    assert "server one.inside:8080 max_fails=0; server two.inside:8080 max_fails=0;" in site and not re.search(r"^ *server 127", site, re.M)
    names = {alias for node in ("node-1", "node-2") for alias in compose()["services"][node]["networks"]["inside"]["aliases"]}
    assert names == {"one.inside", "two.inside"}
    # The names are known inside only.
    (tmp_path / "site.conf").write_text(re.sub(r"\w+\.inside", "127.0.0.1", site).replace("/etc/ssl/tutalink", str(tmp_path / "ssl")))
    done = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"include {tmp_path}/site.conf;" in (tmp_path / "nginx.conf").read_text()


@pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy is not installed")
def test_haproxy_takes_its_configuration(tmp_path):
    certificate(tmp_path)
    (tmp_path / "all.pem").write_text((tmp_path / "fullchain.pem").read_text() + (tmp_path / "privkey.pem").read_text())
    text = (DEPLOY / "haproxy.cfg").read_text().replace("/etc/ssl/tutalink", str(tmp_path)).replace("/opt/tutalink/deploy", str(DEPLOY))
    (tmp_path / "haproxy.cfg").write_text(text)
    done = subprocess.run(["haproxy", "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr


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
        path = folder / name
        ports.append(free_port())
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
