"""OpenVINO asked by several threads at once; each time in a fresh process, which it knows nothing of yet."""

import subprocess
import sys

from tests.commands import ROOT

HANGS = 120  # seconds; it takes one

# The first thread stops where OpenVINO looks for numpy's types, until the second comes for them too.
FIRST_ARRAYS = """
import builtins, sys, threading
from fer_live import quiet_openvino

openvino = quiet_openvino.imported()
place = openvino.opset13.parameter([1], openvino.Type.f32)
model = openvino.Model([openvino.opset13.relu(place)], [place])
compiled = quiet_openvino.core().compile_model(model, "CPU")
tensors = [compiled.create_infer_request().get_input_tensor() for _ in range(2)]
begun, coming = threading.Event(), threading.Event()

def stop(*arguments):
    begun.set()
    coming.wait()
    return plain(*arguments)

def first():
    global plain
    plain, builtins.__import__ = builtins.__import__, stop
    tensors[0].data
    begun.set()

def second():
    begun.wait()
    coming.set()
    tensors[1].data

sys.setswitchinterval(60)  # a thread goes on until it waits
threads = [threading.Thread(target=look) for look in (first, second)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

# On a CPU that may be quicker in bfloat16, so that it has to be measured.
FIRST_DETECTORS = """
import threading
from fer_live import quiet_openvino
from fer_live.detect import MediaPipeDetector

openvino = quiet_openvino.imported()
made = []

class Core(openvino.Core):
    def __init__(self):
        made.append("core")
        if len(made) == 1:
            late.start()
            late.join(0.2)  # if it did not wait, it would have a core of its own by then
        super().__init__()

    def get_property(self, *names):
        return ["BF16"]

    def compile_model(self, model, device, settings):
        made.append(sorted(settings.items()))
        return super().compile_model(model, device, settings)

openvino.Core = Core
late = threading.Thread(target=quiet_openvino.core)
threads = [threading.Thread(target=MediaPipeDetector) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in (*threads, late):
    thread.join()
assert made.count("core") == 1, made
assert sum("INFERENCE_NUM_THREADS" in dict(one) for one in made if one != "core") == 2, made
assert all(made.count(one) == 1 for one in made), made
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, timeout=HANGS, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_two_threads_may_read_their_first_arrays_at_once():
    run(FIRST_ARRAYS)


def test_threads_that_come_first_together_share_one_core_and_compile_each_model_once():
    run(FIRST_DETECTORS)
