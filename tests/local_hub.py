"""A Hugging Face Hub stand-in on loopback: real HTTP for the unmodified client, no network.

Needs the standard library and PyYAML. Covers what huggingface_hub 2.4 calls for model repositories: create, delete,
settings, whoami, YAML validation, preupload, LFS (basic and multipart), Xet through a local store, commits, resolve
(HEAD, GET, Range), model info, revisions, tree, paths-info, commits, refs, branches, tags, lists, and who may do what.

In one process:

    with FakeHub(tokens={"tok-alice": "alice"}) as hub: hub.url, hub.repos, hub.log

As a process of its own, which prints its URL as the first line and serves until it is killed:

    python tests/local_hub.py --port 0 --token tok-alice=alice --xet-dir FOLDER

Two routes are for tests only. `POST /_test/faults` with the fields of `Fault` makes the next matching requests fail
(`GET` says how many are still to come); `GET /_test/log` lists the requests so far.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime as dt
import glob
import hashlib
import json
import os
import re
import select
import socket
import struct
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

COMMIT_RE = re.compile(r"^[0-9a-f]{40}$")
LFS_SUFFIXES = (".safetensors", ".bin", ".pt", ".onnx", ".npz", ".gz", ".zip", ".parquet")


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def xet_shard_files(path: str) -> dict[str, tuple[str, int]]:
    """{sha256: (xet file hash, size)} of one Xet shard (.mdb, version 2) as hf_xet writes it."""
    d = Path(path).read_bytes()
    mh = lambda b: "".join(f"{u:016x}" for u in struct.unpack("<4Q", b))  # noqa: E731
    o, out = 48, {}
    while d[o : o + 32] != b"\xff" * 32:
        xh = mh(d[o : o + 32])
        flags, n = struct.unpack("<II", d[o + 32 : o + 40])
        o += 48
        size = sum(struct.unpack("<I", d[o + 48 * i + 36 : o + 48 * i + 40])[0] for i in range(n))
        o += 48 * n * (2 if flags & 1 << 31 else 1)  # verification entries
        if flags & 1 << 30:  # metadata: the sha256
            out[mh(d[o : o + 32])] = (xh, size)
            o += 48
    return out


@dataclass
class Blob:
    data: bytes
    lfs: bool
    xet: str | None = None

    def __post_init__(self):
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self.size = len(self.data)
        self.oid = git_sha1(lfs_pointer(self.sha256, self.size) if self.lfs else self.data)

    @property
    def etag(self):
        return self.sha256 if self.lfs else self.oid


@dataclass
class Commit:
    id: str
    title: str
    message: str
    author: str
    date: str
    parent: str | None
    files: dict[str, Blob]


SPACE = "#space"


@dataclass
class Repo:
    id: str
    private: bool = False
    gated: str | bool = False
    created: str = ""
    sdk: str = ""  # of a Space, whose key in `repos` ends in SPACE
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def resolve(self, rev: str) -> Commit | None:
        rev = rev.removeprefix("refs/heads/")
        sha = self.branches.get(rev) or self.tags.get(rev) or rev
        if sha in self.commits:
            return self.commits[sha]
        if re.fullmatch(r"[0-9a-f]{7,39}", rev):
            hits = [c for k, c in self.commits.items() if k.startswith(rev)]
            return hits[0] if len(hits) == 1 else None
        return None

    def card(self, commit: Commit) -> dict | None:
        b = commit.files.get("README.md")
        m = re.match(r"\s*---\r?\n(.*?)\r?\n---", b.data.decode("utf8", "replace"), re.S) if b else None
        return (yaml.safe_load(m.group(1)) or {}) if m else None


@dataclass
class Fault:
    """One failure to act out, `times` times, on requests whose "METHOD /path" the regular expression `match` finds.

    The server stops after `after` bytes of the body (of the request if that has one, else of the answer): then "cut"
    closes the connection and "stall" waits until the client goes away. "status" answers `status` at once, and "corrupt"
    changes a bit of the byte there.
    """

    match: str
    then: str = "cut"
    after: int = 0
    times: int = 1
    status: int = 503


class Err(Exception):
    def __init__(self, status, code=None, message="", headers=None):
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def now():
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class FakeHub:
    def __init__(
        self, tokens=None, host="127.0.0.1", port=0, multipart_over=None, page=1000, all_regular=False, xet_dir=None
    ):
        self.tokens = tokens or {}
        self.repos: dict[str, Repo] = {}
        self.lfs: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.accept: dict[str, set[str]] = {}  # gated repo -> users let in
        self.multipart_over, self.page, self.all_regular = multipart_over, page, all_regular
        self.cas_url = xet_dir and f"local://{os.path.abspath(xet_dir)}"
        self.faults: list[Fault] = []
        self.log: list[dict] = []
        self.conns: set = set()
        self.lock = threading.RLock()
        hub = self

        class H(Handler):
            pass

        H.hub = hub
        self.srv = ThreadingHTTPServer((host, port), H)
        self.srv.daemon_threads = True
        self.url = f"http://{host}:{self.srv.server_port}"
        # The store of large files ("S3/CDN") must be another *origin* (scheme, host, port): huggingface_hub 2.x
        # follows redirects inside the Hub's origin and would lose X-Repo-Commit / X-Linked-* of the 302.
        self.cdn_srv = ThreadingHTTPServer((host, 0), H)
        self.cdn_srv.daemon_threads = True
        self.cdn = f"http://{host}:{self.cdn_srv.server_port}"

    def start(self):
        for s in (self.srv, self.cdn_srv):
            threading.Thread(target=s.serve_forever, daemon=True).start()
        return self

    def stop(self):
        for s in (self.srv, self.cdn_srv):
            s.shutdown()
            s.server_close()
        for c in list(self.conns):  # keep-alive connections would be served on: httpx2 pools them
            with contextlib.suppress(OSError):
                c.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self.start()

    def __exit__(self, *a):
        self.stop()

    def take_fault(self, request: str) -> Fault | None:
        """Find the first fault for "METHOD /path" that still has to happen, and count it down."""
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.match, request):
                    fault.times -= 1
                    return fault
        return None

    def xet_lookup(self, sha256: str):
        """Find an object that hf_xet put into the local:// store; its bytes are rebuilt with hf_xet too."""
        if not self.cas_url:
            return None
        for p in glob.glob(self.cas_url.removeprefix("local://") + "/xet/xorbs/shards/*.mdb"):
            hit = xet_shard_files(p).get(sha256)
            if hit:
                import hf_xet

                with tempfile.TemporaryDirectory() as t:
                    with hf_xet.XetSession().new_file_download_group(endpoint=self.cas_url) as g:
                        g.start_download_file(hf_xet.XetFileInfo(hit[0], hit[1]), t + "/x")
                    return Blob(Path(t, "x").read_bytes(), True, hit[0])
        return None

    # ---- model
    def add_commit(self, repo, branch, title, message, author, files):
        parent = repo.branches.get(branch)
        tree = sorted((p, b.oid) for p, b in files.items())
        seed = json.dumps([repo.id, parent, title, message, now(), tree, len(repo.commits)])
        sha = hashlib.sha1(seed.encode()).hexdigest()
        repo.commits[sha] = Commit(sha, title, message, author, now(), parent, files)
        repo.branches[branch] = sha
        return sha

    def info(self, repo: Repo, commit: Commit, blobs=False, full=True, expand=()):
        card = repo.card(commit) or {}
        tags = list(card.get("tags") or [])
        for k in ("library_name", "pipeline_tag"):
            if card.get(k) and card[k] not in tags:
                tags.append(card[k])
        if any(p.endswith(".safetensors") for p in commit.files) and "safetensors" not in tags:
            tags.append("safetensors")
        if card.get("license"):
            tags.append("license:" + str(card["license"]))
        for d in [card["datasets"]] if isinstance(card.get("datasets"), str) else card.get("datasets") or []:
            tags.append("dataset:" + d)
        sib = []
        for p, b in sorted(commit.files.items()):
            s = {"rfilename": p}
            if blobs:
                s |= {"size": b.size, "blobId": b.oid}
                if b.lfs:
                    s["lfs"] = {"sha256": b.sha256, "size": b.size, "pointerSize": len(lfs_pointer(b.sha256, b.size))}
            sib.append(s)
        d = {
            "_id": hashlib.md5(repo.id.encode()).hexdigest()[:24],
            "id": repo.id.removesuffix(SPACE),
            "modelId": repo.id,
            "sdk": repo.sdk or None,
            "author": repo.id.split("/")[0],
            "sha": commit.id,
            "lastModified": commit.date,
            "createdAt": repo.created,
            "private": repo.private,
            "gated": repo.gated,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": tags,
            "library_name": card.get("library_name"),
            "pipeline_tag": card.get("pipeline_tag"),
            "siblings": sib,
            "cardData": card or None,
            "spaces": [],
            "usedStorage": sum(b.size for b in commit.files.values()),
        }
        cfg = commit.files.get("config.json")
        if cfg:
            with contextlib.suppress(ValueError):
                d["config"] = json.loads(cfg.data)
        if expand:
            d = {k: v for k, v in d.items() if k in set(expand) | {"_id", "id"}}
        return {k: v for k, v in d.items() if v is not None}


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"
    # One segment per write would meet Nagle's delay; keep it simple
    wbufsize = 1 << 16

    def setup(self):
        super().setup()
        self.hub.conns.add(self.connection)

    def finish(self):
        self.hub.conns.discard(self.connection)
        super().finish()

    def log_message(self, *a):
        pass

    # ---- plumbing
    def body(self) -> bytes:
        if self._body is None:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                out = []
                while True:
                    n = int(self.rfile.readline().split(b";")[0], 16)
                    if n == 0:
                        self.rfile.readline()
                        break
                    out.append(self.rfile.read(n))
                    self.rfile.readline()
                self._body = b"".join(out)
            else:
                self._body = self.read_exactly(int(self.headers.get("Content-Length") or 0))
        return self._body

    def read_exactly(self, size: int) -> bytes:
        if self.fault and size > self.fault.after:
            self.rfile.read(self.fault.after)
            self.break_off()
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionResetError("the client went away inside its request")
        return data

    def break_off(self) -> None:
        if self.fault.then == "stall":
            select.select([self.connection], [], [], 60)  # readable: the client has closed, or was killed
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("broken off on purpose")

    def json_body(self):
        return json.loads(self.body() or b"{}")

    def send(self, status, data=b"", headers=None, ctype="application/json; charset=utf-8"):
        """Settle the answer; `dispatch` writes it once the lock is free, so a slow client holds up nobody."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            data = json.dumps(data).encode()
        headers = dict(headers or {})
        headers.setdefault("Content-Type", ctype)
        headers.setdefault("Content-Length", str(len(data)))
        headers.setdefault("X-Request-Id", f"Root=fake-{len(self.hub.log)}")
        self.reply = (status, headers, data)
        b = self._body or b""
        self.hub.log.append(
            {
                "method": self.command,
                "path": self.path,
                "req_headers": dict(self.headers.items()),
                "body": b[:600].decode("utf8", "replace"),
                "body_len": len(b),
                "status": status,
                "resp_headers": headers,
                "resp": bytes(data[:400]).decode("utf8", "replace"),
            }
        )

    def write_reply(self):
        status, headers, data = self.reply
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault and self.fault.then == "corrupt":
            data = data[: self.fault.after] + bytes([data[self.fault.after] ^ 1]) + data[self.fault.after + 1 :]
        elif self.fault and len(data) > self.fault.after:
            self.wfile.write(data[: self.fault.after])
            self.wfile.flush()
            self.break_off()
        self.wfile.write(data)

    def dispatch(self):
        self._body = None
        u = urlsplit(self.path)
        self.q = parse_qs(u.query, keep_blank_values=True)
        self.fault = self.hub.take_fault(f"{self.command} {u.path}")
        refuse = self.fault if self.fault and self.fault.then == "status" else None
        if refuse:
            self.fault = None
        try:
            self.body()
            with self.hub.lock:
                self.answer(u.path, refuse)
            self.write_reply()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, path, refuse):
        try:
            if refuse:
                raise Err(refuse.status, None, "acted out by a test")
            auth = self.headers.get("Authorization")
            self.user = None
            if auth:
                self.user = self.hub.tokens.get(auth.removeprefix("Bearer ").strip())
                if self.user is None:
                    raise Err(401, None, "Invalid credentials in Authorization header")
            self.route(path, path.split("/")[1:])
        except Err as e:
            h = dict(e.headers)
            if e.code:
                h["X-Error-Code"] = e.code
            h["X-Error-Message"] = e.message
            self.send(e.status, {"error": e.message}, h)
        except Exception as e:  # a test must see the bug as an answer, not as a hang
            traceback.print_exc()
            self.send(500, {"error": repr(e)})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = dispatch

    # ---- access rules: what the real Hub answers
    def repo(self, rid: str, write=False) -> Repo:
        r = self.hub.repos.get(rid)
        ns = rid.split("/")[0]
        if r is None or (r.private and self.user != ns):
            if self.user is None:
                raise Err(401, "RepoNotFound", "Repository not found")  # anonymous: 401, not 404
            raise Err(404, "RepoNotFound", "Repository not found")
        if write:
            if self.user is None:
                raise Err(401, None, "Invalid username or password.")
            if self.user != ns:
                raise Err(403, None, f"Forbidden: you don't have the permission to write to {rid}")
        return r

    def content_gate(self, r: Repo):
        if r.gated and self.user != r.id.split("/")[0] and self.user not in self.hub.accept.get(r.id, ()):
            message = (
                f"Access to model {r.id} is restricted. You must have access to it and be authenticated to access it."
            )
            raise Err(401 if self.user is None else 403, "GatedRepo", message)

    def commit(self, r: Repo, rev: str) -> Commit:
        c = r.resolve(rev)
        if c is None:
            raise Err(404, "RevisionNotFound", f"Invalid rev id: {rev}")
        return c

    # ---- routes
    def route(self, path, s):
        m = self.command
        if path == "/api/whoami-v2":
            if not self.user:
                raise Err(401, None, "Invalid username or password.")
            auth = {"type": "access_token", "accessToken": {"displayName": "t", "role": "write"}}
            user = {"type": "user", "id": "u-" + self.user, "name": self.user, "fullname": self.user, "orgs": []}
            return self.send(200, user | {"auth": auth})
        if path == "/api/validate-yaml" and m == "POST":
            b = self.json_body()
            errs = []
            mt = re.match(r"\s*---\r?\n(.*?)\r?\n---", b["content"], re.S)
            if mt:
                try:
                    card = yaml.safe_load(mt.group(1)) or {}
                    for mi in card.get("model-index") or []:
                        if not mi.get("name") and mi.get("results"):
                            errs.append({"message": '"model-index[0].name" is required'})
                except yaml.YAMLError as e:
                    errs.append({"message": str(e)})
            warnings = [] if mt else [{"message": "empty or missing yaml metadata in repo card"}]
            return self.send(400 if errs else 200, {"errors": errs, "warnings": warnings})
        if path == "/api/repos/create" and m == "POST":
            b = self.json_body()
            if not self.user:
                raise Err(401, None, "Invalid username or password.")
            ns = b.get("organization") or self.user
            rid = f"{ns}/{b['name']}{SPACE if b.get('type') == 'space' else ''}"
            if ns != self.user:
                raise Err(403, None, f'You don\'t have the rights to create a model under the namespace "{ns}"')
            if rid in self.hub.repos:
                taken = "You already created this model repo"
                body = {"error": taken, "url": f"{self.hub.url}/{rid}"}
                return self.send(409, body, {"X-Error-Message": taken})
            r = Repo(rid, private=b.get("visibility") == "private" or bool(b.get("private")), created=now())
            r.sdk = b.get("sdk", "")
            self.hub.repos[rid] = r
            attributes = "".join(f"*{x} filter=lfs diff=lfs merge=lfs -text\n" for x in LFS_SUFFIXES)
            files = {".gitattributes": Blob(attributes.encode(), False)}
            self.hub.add_commit(r, "main", "initial commit", "", self.user, files)
            return self.send(200, {"url": f"{self.hub.url}/{rid}", "name": rid, "id": "r-" + rid})
        if path == "/api/repos/delete" and m == "DELETE":
            b = self.json_body()
            rid = f"{b.get('organization') or self.user}/{b['name']}"
            self.repo(rid, write=True)
            del self.hub.repos[rid]
            return self.send(200, b"OK", ctype="text/plain")
        if path == "/api/models" and m == "GET":
            return self.list_models()
        if path == "/_test/faults":
            if m == "POST":
                self.hub.faults.append(Fault(**self.json_body()))
            return self.send(200, {"left": sum(f.times for f in self.hub.faults)})
        if path == "/_test/log" and m == "GET":
            return self.send(200, list(self.hub.log))
        if s[:1] == ["_lfs"]:
            return self.lfs_store(s)
        if len(s) >= 4 and s[:2] == ["api", "models"]:
            return self.repo_api(f"{s[2]}/{s[3]}", s[4:])
        if len(s) >= 4 and s[:2] == ["api", "spaces"]:
            return self.repo_api(f"{s[2]}/{s[3]}{SPACE}", s[4:])
        mt = re.fullmatch(r"/(spaces/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch", path)
        if mt and m == "POST":
            return self.lfs_batch(mt.group(2) + (SPACE if mt.group(1) else ""))
        mt = re.fullmatch(r"/([^/]+/[^/]+)/(?:resolve|raw)/([^/]+)/(.+)", path)
        if mt and m in ("GET", "HEAD"):
            return self.resolve_file(mt.group(1), unquote(mt.group(2)), unquote(mt.group(3)))
        raise Err(404, None, "Sorry, we can't find the page you are looking for.")

    def list_models(self):
        q = self.q
        flt = q.get("filter", [])
        out = []
        for r in self.hub.repos.values():
            if r.private and self.user != r.id.split("/")[0]:
                continue
            d = self.hub.info(r, r.commits[r.branches["main"]])
            if not all(f in d["tags"] for f in flt):
                continue
            if "author" in q and d["author"] != q["author"][0]:
                continue
            if "search" in q and q["search"][0].lower() not in r.id.lower():
                continue
            if "pipeline_tag" in q and d.get("pipeline_tag") != q["pipeline_tag"][0]:
                continue
            if "expand" in q:
                d = {k: v for k, v in d.items() if k in set(q["expand"]) | {"id", "_id"}}
            elif "full" not in q:
                short = [
                    "_id",
                    "id",
                    "modelId",
                    "likes",
                    "private",
                    "downloads",
                    "tags",
                    "library_name",
                    "pipeline_tag",
                    "createdAt",
                ]
                card = {"cardData": d.get("cardData")} if "cardData" in q else {}
                d = {k: d[k] for k in short if k in d} | card
            out.append(d)
        start = int(q.get("cursor", ["0"])[0])
        n = min(int(q.get("limit", [self.hub.page])[0]), self.hub.page)
        h = {}
        if start + n < len(out):
            u = urlsplit(self.path)
            base = "&".join(p for p in u.query.split("&") if p and not p.startswith("cursor="))
            h["Link"] = f'<{self.hub.url}/api/models?{base}{"&" if base else ""}cursor={start + n}>; rel="next"'
        self.send(200, out[start : start + n], h)

    def entry(self, p, b: Blob):
        e = {"type": "file", "oid": b.oid, "size": b.size, "path": p}
        if b.lfs:
            e["lfs"] = {"oid": b.sha256, "size": b.size, "pointerSize": len(lfs_pointer(b.sha256, b.size))}
        if b.xet:
            e["xetHash"] = b.xet
        return e

    def repo_api(self, rid, rest):
        m = self.command
        op = rest[0] if rest else ""
        arg = unquote(rest[1]) if len(rest) > 1 else "main"
        if op in ("", "revision") and m == "GET":
            r = self.repo(rid)
            info = self.hub.info(r, self.commit(r, arg), blobs="blobs" in self.q, expand=self.q.get("expand", ()))
            return self.send(200, info)
        if op == "settings" and m == "PUT":
            r = self.repo(rid, write=True)
            b = self.json_body()
            if "visibility" in b:
                r.private = b["visibility"] == "private"
            if "gated" in b:
                r.gated = b["gated"]
            return self.send(200, {"visibility": "private" if r.private else "public", "gated": r.gated})
        if op == "auth-check" and m == "GET":
            r = self.repo(rid)
            self.content_gate(r)
            return self.send(200, b"")
        if op == "tree" and m == "GET":
            r = self.repo(rid)
            c = self.commit(r, arg)
            pre = unquote(rest[2]).rstrip("/") + "/" if len(rest) > 2 else ""
            rec = self.q.get("recursive", ["false"])[0].lower() in ("true", "1")
            out, dirs = [], set()
            for p, b in sorted(c.files.items()):
                if not p.startswith(pre):
                    continue
                tail = p[len(pre) :].split("/")
                for i in range(1, len(tail)):
                    if rec or i == 1:
                        d = pre + "/".join(tail[:i])
                        if d not in dirs:
                            dirs.add(d)
                            out.append({"type": "directory", "oid": git_sha1(d.encode()), "size": 0, "path": d})
                if rec or len(tail) == 1:
                    out.append(self.entry(p, b))
            if pre and not out:
                raise Err(404, "EntryNotFound", f'{pre[:-1]} does not exist on "{arg}"')
            return self.send(200, out)
        if op == "paths-info" and m == "POST":
            r = self.repo(rid)
            c = self.commit(r, arg)
            ct = self.headers.get("Content-Type", "")
            want = self.json_body()["paths"] if "json" in ct else parse_qs(self.body().decode()).get("paths", [])
            out = []
            for p in want:
                if p in c.files:
                    out.append(self.entry(p, c.files[p]))
                elif any(x.startswith(p.rstrip("/") + "/") for x in c.files):
                    out.append({"type": "directory", "oid": git_sha1(p.encode()), "size": 0, "path": p})
            return self.send(200, out)
        if op == "commits" and m == "GET":
            r = self.repo(rid)
            c = self.commit(r, arg)
            out = []
            while c:
                authors = [{"user": c.author}]
                out.append({"id": c.id, "title": c.title, "message": c.message, "authors": authors, "date": c.date})
                c = r.commits.get(c.parent)
            return self.send(200, out)
        if op == "refs" and m == "GET":
            r = self.repo(rid)
            ref = lambda d, k: [{"name": n, "ref": f"refs/{k}/{n}", "targetCommit": x} for n, x in d.items()]  # noqa: E731
            return self.send(200, {"branches": ref(r.branches, "heads"), "tags": ref(r.tags, "tags"), "converts": []})
        if op in ("branch", "tag") and m in ("POST", "DELETE"):
            r = self.repo(rid, write=True)
            d = r.branches if op == "branch" else r.tags
            if m == "DELETE":
                if arg not in d:
                    raise Err(404, "RevisionNotFound", f"{op} {arg} does not exist")
                del d[arg]
                return self.send(200, b"")
            b = self.json_body()
            name, src = (arg, b.get("startingPoint", "main")) if op == "branch" else (b["tag"], arg)
            if name in d:
                raise Err(409, None, f"Reference already exists: {name}")
            d[name] = self.commit(r, src).id
            return self.send(200, b"")
        if op == "preupload" and m == "POST":
            r = self.repo(rid, write=True)
            c = self.commit(r, arg)
            out = []
            for f in self.json_body()["files"]:
                sample = base64.b64decode(f["sample"])
                big = f["path"].endswith(LFS_SUFFIXES) or f["size"] > 10 * 2**20 or b"\0" in sample
                lfs = big and not self.hub.all_regular
                e = {"path": f["path"], "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False}
                if f["path"] in c.files:
                    e["oid"] = c.files[f["path"]].oid if not c.files[f["path"]].lfs else c.files[f["path"]].sha256
                out.append(e)
            return self.send(200, {"files": out})
        if op == "commit" and m == "POST":
            return self.make_commit(rid, arg)
        if op.startswith("xet-") and m == "GET":
            self.repo(rid, write="write" in op)
            if not self.hub.cas_url:
                raise Err(404, None, "xet is not enabled on this server")
            exp = int(dt.datetime.now().timestamp()) + 3600
            body = {"casUrl": self.hub.cas_url, "accessToken": "xet-tok", "exp": exp}
            h = {"X-Xet-Access-Token": "xet-tok", "X-Xet-Token-Expiration": str(exp)}
            return self.send(200, body, h | {"X-Xet-Cas-Url": self.hub.cas_url})
        raise Err(404, None, f"unknown api {m} {self.path}")

    def make_commit(self, rid, branch):
        r = self.repo(rid, write=True)
        if branch not in r.branches:
            raise Err(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        head = r.commits[r.branches[branch]]
        files = dict(head.files)
        title = message = ""
        for line in self.body().splitlines():
            if not line.strip():
                continue
            item = json.loads(line)
            k, v = item["key"], item["value"]
            if k == "header":
                title, message = v["summary"], v.get("description", "")
                p = v.get("parentCommit")
                if p and not head.id.startswith(p):
                    raise Err(412, None, "A commit has happened since. Please refresh and try again.")
            elif k == "file":
                files[v["path"]] = Blob(base64.b64decode(v["content"]), False)
            elif k == "lfsFile":
                known = (b for c in r.commits.values() for b in c.files.values() if b.lfs and b.sha256 == v["oid"])
                old = next(known, None)
                if old or (old := self.hub.xet_lookup(v["oid"])):
                    files[v["path"]] = old
                    self.hub.lfs[v["oid"]] = old.data
                    continue
                if v["oid"] not in self.hub.lfs:
                    lost = f"Unknown LFS object {v['oid']}: LFS pointer pointed to a file that does not exist"
                    raise Err(400, None, lost)
                files[v["path"]] = Blob(self.hub.lfs[v["oid"]], True)
            elif k == "deletedFile":
                if v["path"] not in files:
                    raise Err(404, "EntryNotFound", "A file with this name doesn't exist")
                del files[v["path"]]
            elif k == "deletedFolder":
                pre = v["path"].rstrip("/") + "/"
                if not any(p.startswith(pre) for p in files):
                    raise Err(404, "EntryNotFound", "A file with this name doesn't exist")
                files = {p: b for p, b in files.items() if not p.startswith(pre)}
        sha = self.hub.add_commit(r, branch, title, message, self.user, files)
        url = f"{self.hub.url}/{rid}/commit/{sha}"
        self.send(200, {"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    def lfs_batch(self, rid):
        self.repo(rid, write=True)
        b = self.json_body()
        out = []
        for o in b["objects"]:
            e = {"oid": o["oid"], "size": o["size"], "authenticated": True}
            if o["oid"] not in self.hub.lfs:
                n = self.hub.multipart_over
                if n and o["size"] > n and "multipart" in b.get("transfers", []):
                    parts = -(-o["size"] // n)
                    part = f"{self.hub.cdn}/_lfs/part/{o['oid']}"
                    header = {"chunk_size": str(n)} | {f"{i + 1:05d}": f"{part}/{i + 1}" for i in range(parts)}
                    e["actions"] = {"upload": {"href": f"{self.hub.url}/_lfs/complete/{o['oid']}", "header": header}}
                else:
                    e["actions"] = {
                        "upload": {"href": f"{self.hub.cdn}/_lfs/put/{o['oid']}"},
                        "verify": {"href": f"{self.hub.url}/_lfs/verify/{o['oid']}"},
                    }
            out.append(e)
        transfer = "multipart" if self.hub.multipart_over else "basic"
        self.send(200, {"transfer": transfer, "objects": out}, ctype="application/vnd.git-lfs+json")

    def lfs_store(self, s):
        kind, oid = s[1], s[2]
        if kind in ("put", "part", "get") and self.headers.get("Authorization"):
            raise Err(400, None, "the Hub's token leaked to the CDN")  # S3 refuses two kinds of authentication too
        if self.command == "PUT" and kind == "put":
            if hashlib.sha256(self.body()).hexdigest() != oid:
                raise Err(400, None, "sha256 mismatch")
            self.hub.lfs[oid] = self.body()
            return self.send(200, b"", {"ETag": f'"{oid}"'})
        if self.command == "PUT" and kind == "part":
            self.hub.parts.setdefault(oid, {})[int(s[3])] = self.body()
            return self.send(200, b"", {"ETag": f'"part-{s[3]}"'})
        if self.command == "POST" and kind == "complete":
            p = self.hub.parts.pop(oid)
            data = b"".join(p[i["partNumber"]] for i in self.json_body()["parts"])
            if hashlib.sha256(data).hexdigest() != oid:
                raise Err(400, None, "sha256 mismatch")
            self.hub.lfs[oid] = data
            return self.send(200, {"success": True})
        if self.command == "POST" and kind == "verify":
            if oid not in self.hub.lfs:
                raise Err(404, None, "object not uploaded")
            return self.send(200, {"success": True})
        if self.command in ("GET", "HEAD") and kind == "get":
            return self.bytes_out(self.hub.lfs[oid], {"ETag": f'"{oid}"'})
        raise Err(404, None, "no such lfs action")

    def bytes_out(self, data, headers):
        rng = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        headers["Accept-Ranges"] = "bytes"
        if rng:
            a = int(rng.group(1))
            z = int(rng.group(2)) if rng.group(2) else len(data) - 1
            z = min(z, len(data) - 1)
            if a >= len(data):
                raise Err(416, None, "range", {"Content-Range": f"bytes */{len(data)}"})
            headers["Content-Range"] = f"bytes {a}-{z}/{len(data)}"
            return self.send(206, data[a : z + 1], headers, "application/octet-stream")
        self.send(200, data, headers | ({"Content-Length": str(len(data))}), "application/octet-stream")

    def resolve_file(self, rid, rev, path):
        r = self.repo(rid)
        c = self.commit(r, rev)
        self.content_gate(r)
        b = c.files.get(path)
        h = {"X-Repo-Commit": c.id}
        if b is None:
            raise Err(404, "EntryNotFound", "Entry not found", h)
        if b.lfs:  # the real Hub redirects to a signed CDN address
            h |= {"X-Linked-Etag": f'"{b.sha256}"', "X-Linked-Size": str(b.size), "ETag": f'"{b.oid}"'}
            h |= {"Location": f"{self.hub.cdn}/_lfs/get/{b.sha256}"}
            if b.xet:
                route = f"{self.hub.url}/api/models/{rid}/xet-read-token/{c.id}"
                h |= {"X-Xet-Hash": b.xet, "X-Xet-Refresh-Route": route}
            return self.send(302, b"Found. Redirecting", h, "text/plain")
        return self.bytes_out(b.data, h | {"ETag": f'"{b.oid}"'})


def main() -> None:
    parser = argparse.ArgumentParser(description="A Hugging Face Hub stand-in; prints its URL and serves until killed.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", action="append", metavar="NAME=USER", help="a token and its user; may be repeated")
    parser.add_argument("--xet-dir", metavar="FOLDER", help="offer Xet, storing there; without it only LFS")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input closes")
    args = parser.parse_args()
    tokens = dict(pair.split("=", 1) for pair in args.token or ["tok-alice=alice", "tok-bob=bob"])
    hub = FakeHub(tokens=tokens, port=args.port, xet_dir=args.xet_dir).start()
    print(hub.url, flush=True)
    if args.until_eof:  # a test run that dies leaves no server behind
        sys.stdin.read()
    else:
        threading.Event().wait()


if __name__ == "__main__":
    main()
