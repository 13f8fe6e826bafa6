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


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, timeout=HANGS, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_two_threads_may_read_their_first_arrays_at_once():
    run(FIRST_ARRAYS)
