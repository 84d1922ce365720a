"""Measures the server beside what bounds it, in one run on one machine, and prints one table.

For each answer: requests a second with 64 connections (wrk), its p99, the server's CPU time for one request, and the
ceiling: nginx with a static file of the same bytes, or PostgreSQL with the best single statement (pgbench, prepared).
Figures move with the machine; the ratio to the ceiling of the same run is what counts.
"""

import argparse
import asyncio
import ctypes
import datetime
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import psycopg

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests"))

from Peers.ports import free_port  # noqa: E402

HERE = pathlib.Path(__file__).parent


def learner(n):
    return f"01900000-0001-7000-8000-{n:012x}"


def tutor(n):
    return f"01900000-0002-7000-8000-{n:012x}"


class Process:
    """A child, its CPU seconds and its memory; ended when it is left."""

    def __init__(self, arguments, **options):
        self.child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    @property
    def cpu(self):
        """Seconds of processor time, workers' included."""
        ticks, pid = 0, self.child.pid
        for each in (pid, *pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def wait_for(port, child=None, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if child and child.poll() is not None:
            sys.exit(f"{child.args[0]} ended with status {child.returncode}.")
        time.sleep(0.001)
    sys.exit(f"Nothing answers on port {port}.")


class Load:
    """What wrk says of a run."""

    def __init__(self, text):
        self.text = text
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
        self.count = int(re.search(r"(\d+) requests in", text)[1])
        self.p50, self.p99 = (self._milliseconds(re.search(rf"\s{p}%\s+([\d.]+)(us|ms|s)\b", text)) for p in (50, 99))
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        self.refused = int(refused[1]) if refused else 0

    @staticmethod
    def _milliseconds(found):
        return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def wrk(url, seconds, *arguments, connections=64, script=None, headers=()):
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", str(script)]
    done = subprocess.run([*command, url, "--", *map(str, arguments)], capture_output=True, text=True, check=True)
    return Load(done.stdout)


def pgbench(address, statement, seconds, settings):
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(statement)
        file.flush()
        program = subprocess.run(["bash", "-c", f". {ROOT}/bin/lib/house.sh; pg_folder"], capture_output=True, text=True).stdout
        done = subprocess.run(
            [f"{program}/pgbench", "-n", "-M", "prepared", "-c16", "-j2", f"-T{seconds}", "-f", file.name]
            + [f"-D{name}={value}" for name, value in settings.items()] + [address], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return float(re.search(r"tps = ([\d.]+)", done.stdout)[1])


def hashes(parameters, seconds, threads=2):
    """How many argon2id hashes a second this machine makes with the server's parameters, on two threads."""
    library, size = ctypes.CDLL("libargon2.so.1"), ctypes.c_size_t
    memory, rounds, lanes = (int(re.search(rf"{name}=(\d+)", parameters)[1]) for name in "mtp")
    counts = [0] * threads
    end = time.monotonic() + seconds

    def work(index):
        out = ctypes.create_string_buffer(32)
        while time.monotonic() < end:
            library.argon2id_hash_raw(
                rounds, memory, lanes, b"a password of some length", size(25), b"sixteen bytes ok", size(16), out, size(32))
            counts[index] += 1

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    return sum(counts) / seconds


class Bench:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.beside = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seconds = options.seconds

    # ── Servers ──

    def server(self, command=None, **more):
        environment = os.environ | more | {
            "DATABASE_URL": self.options.database, "PORT": str(self.port), "HOST": "127.0.0.1", "SITE_URL": self.url,
            "TUTALINK_HOME": str(self.folder / "home"), "LIMITS_FACTOR": "1000000", "CAPTCHA": "off", "LOG_LEVEL": "error", "SMTP_URL": ""}
        began = time.monotonic()
        log = open(self.folder / "server.log", "ab")
        process = Process([*(command or [self.options.binary]), "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        while True:
            try:
                self.get("/healthz")
                break
            except (OSError, urllib.error.URLError):
                if process.child.poll() is not None:
                    sys.exit((self.folder / "server.log").read_text()[-2000:])
                time.sleep(0.001)
        process.started_in = time.monotonic() - began
        return process

    def nginx(self, files):
        """Serves each file's bytes under its name."""
        port = free_port()
        root = self.folder / "static"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            (root / name).write_bytes(content)
        os.chmod(self.folder, 0o755)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(f"""
            daemon off; worker_processes 2; worker_rlimit_nofile 8192; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log;
            events {{ worker_connections 4096; }}
            http {{ access_log off; keepalive_requests 100000000; default_type application/json; open_file_cache max=100;
              client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f;
              uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
              server {{ listen 127.0.0.1:{port}; root {root}; }} }}""")
        process = Process(["nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL)
        wait_for(port, process.child)
        return process, f"http://127.0.0.1:{port}"

    # ── Instructions ──

    def instructions(self):
        """What each answer costs the server in instructions of its own code and its libraries', the kernel's left out. Counted
        by callgrind, so that a busy machine changes nothing."""
        out = pathlib.Path(self.options.callgrind) / "callgrind"
        linked = subprocess.run(["ldd", self.options.binary], capture_output=True, text=True).stdout
        runtime = str(pathlib.Path(re.search(r"=> (\S+/libdispatch\.so)", linked)[1]).parent)
        queue, binary = self.folder / "main_queue.so", self.folder / "tutalink"
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", str(HERE / "main_queue.c"), "-o", str(queue), f"-L{runtime}", "-ldispatch"], check=True)
        # Valgrind 3.19 does not read the debugging notes of the newest compilers; names stay.
        subprocess.run(["objcopy", "--strip-debug", self.options.binary, str(binary)], check=True)
        command = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", str(binary)]
        # One instruction that repeats itself counts as often as it does so; large moves are made of others meanwhile.
        moves = ":".join(f"glibc.cpu.x86_rep_{each}_threshold=1000000000" for each in ("movsb", "stosb"))
        with self.server(command, LD_PRELOAD=str(queue), LD_LIBRARY_PATH=runtime, GLIBC_TUNABLES=moves) as process:
            # Valgrind names its pipes by this, and the server was told where it is.
            environment = os.environ | {"HOST": "127.0.0.1"}

            def control(*words):
                subprocess.run(["vgdb", f"--pid={process.child.pid}", *words], env=environment, check=True, capture_output=True)

            cookies = [self.patient_login(1000 + n) for n in range(20)]
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            with psycopg.connect(self.options.database) as database:
                offers = database.execute(
                    "select tutor_id::text, subject_id::text from tutor_subjects where position = 0 and hourly_rate > 0 and tutor_id >= %s order by 1 limit 300",
                    [tutor(0)]).fetchall()
            # What a server does once, after its start.
            before = -1.0
            while process.cpu - before > 0.2:
                before = process.cpu
                time.sleep(2)
            for number, kind in enumerate(("hello", "list", "detail", "dashboard", "page", "booking"), 1):
                for n in range(50):
                    self.ask_once(line, kind, n, cookies, offers)
                control("instrumentation", "on")
                for n in range(50, 250):
                    self.ask_once(line, kind, n, cookies, offers)
                control("instrumentation", "off")
                control("dump")
                kept = out.with_suffix(f".{kind}")
                out.with_suffix(f".{number}").rename(kept)
                total = int(re.search(r"^totals: (\d+)", kept.read_text(), re.M)[1])
                print(f"  {kind}: {total / 200:,.0f} instructions", flush=True)
        self.sweep_bookings()
        print(f"Where they go: callgrind_annotate {out}.KIND")

    def patient_login(self, number):
        """Under Valgrind a hash takes seconds, and a second one at once is told to wait."""
        while True:
            try:
                return self.login(number)
            except (urllib.error.HTTPError, TimeoutError):
                time.sleep(3)

    def ask_once(self, line, kind, n, cookies, offers):
        access, cookie = cookies[n % len(cookies)]
        bearer, signed = {"Authorization": f"Bearer {access}"}, {"Cookie": cookie}
        subject, low, high = 90 + n * 13 % 21, 1000 + n % 100, 6000 + n % 100
        method, path, headers, body = "GET", "/healthz", {}, None
        if kind == "list":
            path = f"/api/tutors/?subject=large-subject-{subject}&rate_min={low}&rate_max={high}&ordering=-rating"
        elif kind == "detail":
            path = f"/api/users/mentors/{tutor(n + 1)}/"
        elif kind == "dashboard":
            path, headers = "/api/dashboard/learner/", bearer
        elif kind == "page":
            path, headers = f"/tutors?subject=large-subject-{subject}&price_max={high / 100:.2f}", signed
        elif kind == "booking":
            day = datetime.datetime.now(datetime.timezone.utc).replace(hour=10, minute=0, second=0, microsecond=0)
            times = [day + datetime.timedelta(days=each) for each in range(28, 58)]
            times = [each for each in times if each.weekday() < 5]
            who, what = offers[n]
            method, path, headers = "POST", "/api/bookings/", bearer | {"Content-Type": "application/json"}
            body = json.dumps({
                "tutor": who, "subject": what, "starts_at": times[n // len(cookies)].strftime("%Y-%m-%dT%H:%M:%SZ"), "duration_minutes": 60})
        line.request(method, path, body, headers)
        answer = line.getresponse()
        said = answer.read()
        assert answer.status in (200, 201), f"{kind} {n}: {answer.status} {said[:300]}"

    # ── Requests ──

    def request(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method), timeout=10) as answer:
            return answer.read(), answer

    def get(self, path, **headers):
        return self.request("GET", path, **headers)[0]

    def login(self, number):
        body, answer = self.request(
            "POST", "/api/auth/login/", {"email": f"learner{number}@large.example", "password": self.options.password})
        cookie = (answer.headers.get("set-cookie") or "").split(";")[0]
        return json.loads(body)["access"], cookie

    # ── Measuring ──

    def measure(self, process, path, arguments=(), at=None, **options):
        url = (at or self.url) + path
        wrk(url, 1, *arguments, **options)
        before = process.cpu
        load = wrk(url, self.seconds, *arguments, **options)
        load.cpu = (process.cpu - before) * 1e6 / max(load.count, 1)
        return load

    def row(self, name, load, ceiling, kind, must, budget=None):
        ratio = load.rate / ceiling if ceiling else None
        note = f"{load.refused} of {load.count} refused" if load.refused else ""
        self.rows.append((name, f"{load.rate:,.0f}", f"{load.p50:.1f} / {load.p99:.1f}", f"{load.cpu:.0f}" if load.cpu else "",
                          f"{kind} {ceiling:,.0f}" if ceiling else "", f"{ratio:.2f}" if ratio else "", must, note))
        print(f"  {name}: {load.rate:,.0f}/s, p99 {load.p99:.1f} ms" + (f", {ratio:.2f} of {kind}" if ratio else "")
              + (f"; {note}" if note else ""), flush=True)

    def run(self):
        options = self.options
        starts = []
        for _ in range(5):
            with self.server() as process:
                starts.append(process.started_in * 1000)
        with self.server() as process:
            idle = process.megabytes
            search = "subject=large-subject-100&rate_min=1000&rate_max=6000"
            paths = {
                "hello": "/healthz", "list": f"/api/tutors/?{search}&ordering=-rating", "detail": f"/api/users/mentors/{tutor(77)}/",
                "page": "/tutors?subject=large-subject-100"}
            access, cookie = self.login(1)
            bodies = {"hello": self.get(paths["hello"]), "list": self.get(paths["list"]), "detail": self.get(paths["detail"]),
                      "page": self.get(paths["page"], cookie=cookie)}
            self.lay_out_bookings()
            static, address = self.nginx(bodies)
            with static:
                files = {name: self.measure(static, f"/{name}", at=address) for name in ("hello", "list", "page")}
            ceilings = {name: load.rate for name, load in files.items()}
            sql = {name: (HERE / f"{name}.sql").read_text() for name in ("list", "detail", "dashboard", "booking")}
            sizes = {"tutors": options.tutors, "learners": options.tutors * 2}
            best = {name: pgbench(options.database, sql[name], self.seconds, sizes) for name in ("list", "detail", "dashboard")}

            # How fast this machine is now: the promises' microseconds are those of one where this takes 9.
            self.row("nginx itself: hello as a file", files["hello"], None, "", "")
            self.row("hello", self.measure(process, paths["hello"]), ceilings["hello"], "nginx", "0.55; 24 µs")
            # Straight from SQL: no two questions are alike, so that nothing made before answers them.
            listed = self.measure(process, "/", script=HERE / "ask.lua", arguments=("list", options.tutors))
            self.row("tutor list from SQL, exact count, every question another", listed, best["list"], "SQL",
                     "0.35; 150 µs; p99 40 ms")
            same = self.measure(process, paths["list"])
            self.row("tutor list from a snapshot: the same question", same, ceilings["list"], "nginx", "0.30; 40 µs")
            tag = self.request("GET", paths["list"])[1].headers["etag"]
            self.row("tutor list, the client's ETag holds", self.measure(process, paths["list"], headers=[f"If-None-Match: {tag}"]),
                     ceilings["list"], "nginx", "0.30; 40 µs")
            detail = self.measure(process, "/", script=HERE / "ask.lua", arguments=("detail", options.tutors))
            self.row("tutor detail, every tutor in turn", detail, best["detail"], "SQL", "0.35; 120 µs; p99 25 ms")
            looked = self.measure(
                process, "/", script=HERE / "ask.lua", arguments=("dashboard", options.tutors, self.folder / "tokens"))
            self.row("learner's dashboard, any of 200", looked, best["dashboard"], "SQL", "0.35; 120 µs")
            signed = [f"Cookie: {cookie}"]
            self.row("search page in HTML, signed in: the same question", self.measure(process, paths["page"], headers=signed),
                     listed.rate, "list from SQL", "0.50; 250 µs")
            drawn = self.measure(process, "/", script=HERE / "ask.lua", arguments=("page", options.tutors), headers=signed)
            self.row("search page in HTML, signed in, every question another", drawn, listed.rate, "list from SQL", "0.50; 250 µs")
            self.bookings(process, best, sql["booking"], sizes)
            self.logins(process, paths["list"], listed)
            self.calm(process)
            loaded = process.megabytes
        with self.server() as process:
            sockets = [self.sockets(process, count, access) for count in options.sockets]
        self.print(starts, idle, loaded, sockets)

    @staticmethod
    def calm(process):
        """Waits until what wrk left behind, such as logins that nobody waits for any more, is done, and for the two seconds
        after which a server at rest gives memory back."""
        before = -1.0
        while process.cpu - before > 0.02:
            before = process.cpu
            time.sleep(0.5)
        time.sleep(3)

    # ── Growth ──

    def medians(self):
        """The median answer with eight connections, in milliseconds, of what people do most. The town is read into the
        machine's memory first: a house in use has it there, and a disk that is asked for the first time tells of the disk."""
        with psycopg.connect(self.options.superuser, autocommit=True) as database:
            database.execute("create extension if not exists pg_prewarm")
            database.execute("select sum(pg_prewarm(oid, 'read')) from pg_class where relkind in ('r', 'i', 't') and relpersistence = 'p'")
        with self.server() as process:
            self.lay_out_bookings()
            tutors, script = self.options.tutors, HERE / "ask.lua"

            def median(path, *arguments, **options):
                for seconds in (2, self.seconds):  # the first time for what is read into memory
                    load = wrk(self.url + path, seconds, *arguments, connections=8, **options)
                assert not load.refused, f"{path}: {load.refused} of {load.count} refused"
                return load.p50

            return {
                "list": median("/", "list", tutors, script=script), "detail": median("/", "detail", tutors, script=script),
                "search page": median("/", "page", tutors, script=script),
                "dashboard": median("/", "dashboard", tutors, self.folder / "tokens", script=script),
                "booking": self.booking_median()}

    def booking_median(self):
        load = wrk(self.url + "/api/bookings/", self.seconds, self.folder, connections=8, script=HERE / "booking.lua")
        self.sweep_bookings()
        return load.p50

    def lay_out_bookings(self):
        """Every request asks for a time of its own, as a learner of 200 in turn. The lessons cost something, so that what is made
        is a hold, as in the statement beside it; a free lesson is agreed at once, with letters, reminders and jobs."""
        tokens = [self.login(1000 + n)[0] for n in range(200)]
        day = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        days = [day + datetime.timedelta(days=n) for n in range(28, 58)]
        times = [(day + datetime.timedelta(hours=hour)).strftime("%Y-%m-%dT%H:00:00Z")
                 for day in days if day.weekday() < 5 for hour in (8, 9, 10, 11, 13, 14, 15, 16, 17)]
        with psycopg.connect(self.options.database) as database:
            offers = database.execute(
                "select tutor_id::text, subject_id::text from tutor_subjects where position = 0 and hourly_rate > 0 and tutor_id >= %s order by 1 limit 40000",
                [tutor(0)]).fetchall()
        (self.folder / "tokens").write_text("\n".join(tokens))
        (self.folder / "times").write_text("\n".join(times))
        (self.folder / "offers").write_text("\n".join(" ".join(offer) for offer in offers))

    def bookings(self, process, best, statement, sizes):
        before = process.cpu
        load = wrk(self.url + "/api/bookings/", self.seconds, self.folder, script=HERE / "booking.lua")
        load.cpu = (process.cpu - before) * 1e6 / max(load.count, 1)
        ceiling = pgbench(self.options.database, statement, self.seconds, sizes)
        self.row("booking, durable", load, ceiling, "SQL", "0.30; 120 µs; p99 40 ms")
        self.sweep_bookings()

    def sweep_bookings(self):
        """Looks for overlaps, and takes away what was booked, for the next time."""
        with psycopg.connect(self.options.superuser, autocommit=True) as database:
            (overlaps,) = database.execute(
                "select count(*) from bookings a join bookings b on a.tutor_id = b.tutor_id and a.id < b.id and a.blocked && b.blocked"
                " where a.state in ('held', 'awaiting_payment', 'requested', 'confirmed') and b.state in ('held', 'awaiting_payment', 'requested', 'confirmed')"
            ).fetchone()
            print(f"  overlapping bookings: {overlaps}")
            database.execute("set session_replication_role = replica")
            # Joined: against a set of millions `not in` looks through all of it for each row.
            database.execute("delete from booking_events e using bookings b where b.id = e.booking_id and b.room_code not like 'large-%'")
            database.execute("delete from bookings where room_code not like 'large-%'")
            database.execute("vacuum (analyze) bookings")

    def logins(self, process, listing, listed):
        with psycopg.connect(self.options.database) as database:
            (kept,) = database.execute("select password_hash from users where id = %s", [learner(1)]).fetchone()
        raw = hashes(kept, self.seconds)
        before = process.cpu
        load = wrk(self.url + "/api/auth/login/", self.seconds, self.options.password, script=HERE / "login.lua")
        load.cpu = (process.cpu - before) * 1e6 / max(load.count, 1)
        self.row("login", load, raw, "argon2id", "0.85")
        self.calm(process)
        asked = {
            "every question another, 64 connections":
                lambda: wrk(self.url + "/", self.seconds, "list", self.options.tutors, script=HERE / "ask.lua"),
            "the same question, 8 connections": lambda: wrk(self.url + listing, self.seconds, connections=8),
        }
        for name, ask in asked.items():
            ask()
            alone, beside = ask().p99, {}
            other = threading.Thread(target=lambda: beside.update(p99=ask().p99))
            other.start()
            logins = wrk(self.url + "/api/auth/login/", self.seconds, self.options.password, script=HERE / "login.lua")
            other.join()
            self.beside.append((name, alone, beside["p99"], logins.rate))
            self.calm(process)

    def sockets(self, process, count, access):
        """Opens `count` sockets of one person's notification channel, holds them, and asks every one for a pong."""
        from websockets.asyncio.client import connect

        before = process.megabytes
        address = f"ws://127.0.0.1:{self.port}/ws/notifications/{learner(1)}/"

        async def measure():
            gate = asyncio.Semaphore(100)
            failed = 0
            held = []

            async def one(index):
                nonlocal failed
                async with gate:
                    try:
                        held.append(await connect(
                            address, compression=None, ping_interval=None, open_timeout=30, origin=self.url,
                            additional_headers={"Authorization": f"Bearer {access}"},
                            local_addr=(f"127.0.0.{1 + index % 4}", 0)))
                    except Exception as error:  # noqa: BLE001 counted, and the first is shown
                        failed += 1
                        if failed == 1:
                            print(f"  the first socket that failed: {error!r}")

            began = time.monotonic()
            await asyncio.gather(*(one(index) for index in range(count)))
            opened = time.monotonic() - began
            memory = process.megabytes
            delays = []
            # A thousand a second, spread over all of them.
            for index in range(min(3000, count * 10)):
                asked = time.monotonic()
                waiter = await held[index * 7919 % len(held)].ping()
                await waiter
                delays.append((time.monotonic() - asked) * 1000)
            await asyncio.gather(*(socket.close() for socket in held))
            return len(held), failed, opened, memory, delays

        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        held, failed, opened, memory, delays = asyncio.run(measure())
        delays.sort()
        line = (count, held, failed, held / opened, (memory - before) * 1024 / max(held, 1), delays[len(delays) // 2],
                delays[int(len(delays) * 0.99)])
        print("  %d sockets: %d held, %d failed, %.0f opened a second, %.1f kB each, ping p50 %.2f ms, p99 %.2f ms" % line, flush=True)
        return line

    def print(self, starts, idle, loaded, sockets):
        head = ("answer", "req/s", "p50 / p99 ms", "CPU µs", "ceiling", "ratio", "must", "")
        widths = [max(len(str(row[column])) for row in [head, *self.rows]) for column in range(len(head))]
        print()
        for row in [head, tuple("-" * width for width in widths), *self.rows]:
            print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |")
        print()
        for name, alone, beside, logins in self.beside:
            print(f"list p99 ({name}): {alone:.1f} ms alone, {beside:.1f} ms during 64 logins (must: at most twice), of which {logins:.0f}/s are served")
        print(f"cold start to first answer: {statistics.median(starts):.0f} ms (must 100); memory: {idle:.0f} MB idle, {loaded:.0f} MB after load (must 60)")
        print("\n| sockets | held | failed | opened/s | kB each | ping p50 ms | ping p99 ms |\n|---|---|---|---|---|---|---|")
        for line in sockets:
            print("| %d | %d | %d | %.0f | %.1f | %.2f | %.2f |" % line)


def compare(small, large):
    """How the medians grow from one town to another."""
    print(f"\n| p50 of | {small['tutors']:,} tutors, ms | {large['tutors']:,} tutors, ms | growth (must: below 1.3) |\n|---|---|---|---|")
    for name, before in small["medians"].items():
        after = large["medians"][name]
        print(f"| {name} | {before:.2f} | {after:.2f} | {after / before:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["compare"]:
        sys.exit(compare(*(json.loads(pathlib.Path(name).read_text()) for name in sys.argv[2:4])))
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--superuser", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--tutors", type=int, required=True)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--sockets", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--callgrind", help="only count instructions, and keep callgrind's notes in this folder")
    parser.add_argument("--medians", help="only measure the medians of growth, into this file")
    options = parser.parse_args()
    if options.callgrind:
        Bench(options).instructions()
    elif options.medians:
        pathlib.Path(options.medians).write_text(json.dumps({"tutors": options.tutors, "medians": Bench(options).medians()}))
    else:
        Bench(options).run()
