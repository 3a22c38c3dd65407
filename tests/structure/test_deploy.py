"""The files of `docs/deploy/`: what they delete, and what a proxy's log may not hold."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from time import time

HERE = Path(__file__).parents[2] / "docs"
DEPLOY = HERE / "deploy"
NIGHTS = 86_400  # seconds


def test_no_backup_outlives_what_erasure_promises(tmp_path: Path) -> None:
    """Each name that the guide uses, the nightly one and that of an upgrade are deleted, and nothing else."""
    guide = (HERE / "fr" / "exploiter.md").read_text()
    names = {Path(found).name for found in re.findall(r"/var/backups/jekulu/[\w.-]+", guide)}
    assert {"avant-travaux.backup", "passage.backup"} <= names
    for name, age in [(name, 31) for name in names] + [("young.backup", 28), ("other.txt", 31)]:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time() - age * NIGHTS,) * 2)
    unit = (DEPLOY / "jekulu-backup.service").read_text()
    command = next(line for line in unit.splitlines() if line.startswith("ExecStartPost=")).partition("=")[2]
    subprocess.run(shlex.split(command.replace("/var/backups/jekulu", str(tmp_path))), check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.txt", "young.backup"]


def test_no_log_of_a_proxy_holds_a_whole_address() -> None:
    """A search may hold a number, a webhook's address a secret; tried with nginx 1.22 and Caddy 2.6, service off."""
    nginx = (DEPLOY / "nginx.conf").read_text()
    shape = next(line for line in nginx.splitlines() if line.startswith("log_format"))
    assert not {"$request", "$request_uri", "$args", "$http_referer"} & set(re.findall(r"\$\w+", shape))
    for server in nginx.split("server {")[1:]:
        assert re.search(r"access_log (off|\S+ without_query);", server.partition("location")[0])
        assert re.search(r"error_log \S+ crit;", server.partition("location")[0])
    for secret in ("/webhooks/", "/studio/"):
        (block,) = re.findall(rf"location {secret} \{{(.*?)\}}", nginx, re.DOTALL)
        assert "access_log off;" in block, secret
        assert "error_log /dev/null crit;" in block, secret
    assert "exclude http.log.error" in (DEPLOY / "Caddyfile").read_text()
