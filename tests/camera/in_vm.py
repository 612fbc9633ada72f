"""What a camera must do under the real driver; run inside the virtual machine by scripts/camera-vm.sh.

Usage: in_vm.py SIGHTLINE UVCSIM FRAMES

Prints a line a check, "ok" or "FAILED", with the seconds it took, and exits with 1 if any failed. The machine is emulated and
slow: what it does is checked, never how fast.
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


def say(name, good, since, detail=""):
    global passed, failed
    passed += good
    failed += not good
    word = "ok" if good else "FAILED"
    print(f"test {name} ... {word} ({time.monotonic() - since:.1f} s){'; ' + detail if detail else ''}", flush=True)


def fault(word):
    with open(FAULT, "w") as file:
        file.write(word + "\n")


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
        self.moments = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.moments.append(json.loads(line))

    def until(self, *states, enough=lambda moment: True, since=None):
        """Waits for a moment in one of these states, from now or from the moment of that number on; None where none comes."""
        at, end = len(self.moments) if since is None else since, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            while at < len(self.moments):
                moment = self.moments[at]
                at += 1
                if moment["state"] in states and enough(moment):
                    return moment
            time.sleep(0.02)
        return None

    def plays(self):
        """Waits until three more images have come."""
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
    say("one_camera_is_listed_and_not_its_metadata_node", good, begin, f"{nodes}, {sorted(formats)}, {len(names)} controls")

    for pixels in ("mjpeg", "yuyv"):
        begin = time.monotonic()
        watch = Watch("--pixels", pixels, "--size", "640x480")
        moment = watch.plays()
        detail = moment["detail"] if moment else str(watch.moments[-2:])
        say(f"{pixels}_streams", bool(moment) and pixels.upper() in detail, begin, detail)
        say(f"{pixels}_stops_promptly", watch.stop() == 130, time.monotonic())

    watch = Watch("--pixels", "mjpeg", "--size", "640x480")
    watch.plays()
    # It may be said before this process hears that the camera is gone.
    begin, since = time.monotonic(), len(watch.moments)
    camera.unplug()
    moment = watch.until("unplugged", "missing", "none", since=since)
    took = time.monotonic() - begin
    say("unplug_is_noticed_within_two_seconds", bool(moment) and took < 2.0, begin, str(moment and moment["detail"]))
    begin = time.monotonic()
    camera = Camera()
    say("replug_resumes_by_itself", bool(watch.plays()), begin)

    begin = time.monotonic()
    fault("stall")
    say("a_stall_is_said", bool(watch.until("stalled")), begin)
    begin = time.monotonic()
    fault("ok")
    say("after_a_stall_it_resumes", bool(watch.plays()), begin)
    say("quitting_is_prompt", watch.stop() == 130, time.monotonic())

    begin = time.monotonic()
    holder = subprocess.Popen(
        ["v4l2-ctl", "-d", "/dev/video0", "--set-fmt-video=width=640,height=480,pixelformat=YUYV", "--stream-mmap"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(3)
    watch = Watch("--pixels", "mjpeg", "--size", "640x480")
    moment = watch.until("busy")
    detail = moment["detail"] if moment else str(watch.moments[-2:])
    say("a_camera_in_use_is_said_with_its_user", bool(moment) and "v4l2-ctl" in detail, begin, detail)
    begin = time.monotonic()
    holder.kill()
    holder.wait()
    say("once_it_is_free_it_comes", bool(watch.plays()), begin)
    watch.stop()
    camera.unplug()
    print(f"test result: {'FAILED' if failed else 'ok'}. {passed} passed; {failed} failed; 0 ignored", flush=True)
    sys.exit(1 if failed else 0)


main()
