"""Checks cameras with the real driver. scripts/camera-vm.sh runs it inside the virtual machine.

Usage: in_vm.py SIGHTLINE UVCSIM FRAMES

Prints one line per check, "ok" or "FAILED", with the seconds it took, and exits with 1 if any failed. The machine is emulated
and slow: speed is not checked.
"""

import json
import os
import subprocess
import sys
import threading
import time

SIGHTLINE, UVCSIM, FRAMES = sys.argv[1:4]
FAULT = "/tmp/uvcfault"
PATIENCE = 60.0
passed = failed = 0


def check(name, good, since, detail=""):
    global passed, failed
    passed += good
    failed += not good
    result = "ok" if good else "FAILED"
    print(f"test {name} ... {result} ({time.monotonic() - since:.1f} s){'; ' + detail if detail else ''}", flush=True)


def fault(name):
    with open(FAULT, "w") as file:
        file.write(name + "\n")


class Camera:
    """The simulated USB camera: plugged in while its process runs."""

    def __init__(self):
        self.process = subprocess.Popen([UVCSIM, FRAMES], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not os.path.exists("/dev/video0") and time.monotonic() < end:
            time.sleep(0.1)

    def unplug(self):
        self.process.kill()
        self.process.wait()


class Watch:
    """A running `sightline cameras --watch`."""

    def __init__(self, *more):
        command = [SIGHTLINE, "cameras", "--watch", "300", "--format", "json", *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reports = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.reports.append(json.loads(line))

    def until(self, *states, enough=lambda report: True, since=None):
        """Waits for a report of one of these states, from now or from report number `since` on. None if none comes."""
        at, end = len(self.reports) if since is None else since, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            while at < len(self.reports):
                report = self.reports[at]
                at += 1
                if report["state"] in states and enough(report):
                    return report
            time.sleep(0.02)
        return None

    def plays(self):
        """Waits until three more frames have come."""
        before = self.until("playing")
        return before and self.until("playing", enough=lambda m: m["frames"] >= before["frames"] + 3)

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None


def listing():
    output = subprocess.run([SIGHTLINE, "cameras", "--format", "json"], capture_output=True, text=True, timeout=PATIENCE)
    return json.loads(output.stdout)


def main():
    fault("ok")
    begin = time.monotonic()
    camera = Camera()
    nodes = sorted(name for name in os.listdir("/dev") if name.startswith("video"))
    cameras = listing()
    formats = {mode["format"] for mode in cameras[0]["modes"]} if cameras else set()
    names = [control["name"] for control in cameras[0]["controls"]] if cameras else []
    good = len(cameras) == 1 and len(nodes) > 1 and formats == {"MJPEG", "YUYV"} and len(names) >= 4
    check("one_camera_is_listed_and_not_its_metadata_node", good, begin, f"{nodes}, {sorted(formats)}, {len(names)} controls")

    for pixels in ("mjpeg", "yuyv"):
        begin = time.monotonic()
        watch = Watch("--pixels", pixels, "--size", "640x480")
        report = watch.plays()
        detail = report["detail"] if report else str(watch.reports[-2:])
        check(f"{pixels}_streams", bool(report) and pixels.upper() in detail, begin, detail)
        check(f"{pixels}_stops_promptly", watch.stop() == 130, time.monotonic())

    watch = Watch("--pixels", "mjpeg", "--size", "640x480")
    watch.plays()
    # Sightline may report it before this process notices that the camera is gone.
    begin, since = time.monotonic(), len(watch.reports)
    camera.unplug()
    report = watch.until("unplugged", "missing", "none", since=since)
    took = time.monotonic() - begin
    check("unplug_is_noticed_within_two_seconds", bool(report) and took < 2.0, begin, str(report and report["detail"]))
    begin = time.monotonic()
    camera = Camera()
    check("replug_resumes_by_itself", bool(watch.plays()), begin)

    begin = time.monotonic()
    fault("stall")
    check("a_stall_is_reported", bool(watch.until("stalled")), begin)
    begin = time.monotonic()
    fault("ok")
    check("after_a_stall_it_resumes", bool(watch.plays()), begin)
    check("quitting_is_prompt", watch.stop() == 130, time.monotonic())

    begin = time.monotonic()
    holder = subprocess.Popen(
        ["v4l2-ctl", "-d", "/dev/video0", "--set-fmt-video=width=640,height=480,pixelformat=YUYV", "--stream-mmap"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(3)
    watch = Watch("--pixels", "mjpeg", "--size", "640x480")
    report = watch.until("busy")
    detail = report["detail"] if report else str(watch.reports[-2:])
    check("a_camera_in_use_is_reported_with_its_user", bool(report) and "v4l2-ctl" in detail, begin, detail)
    begin = time.monotonic()
    holder.kill()
    holder.wait()
    check("once_it_is_free_it_comes", bool(watch.plays()), begin)
    watch.stop()
    camera.unplug()
    print(f"test result: {'FAILED' if failed else 'ok'}. {passed} passed; {failed} failed; 0 ignored", flush=True)
    sys.exit(1 if failed else 0)


main()
