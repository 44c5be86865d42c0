"""PyTorch's contenders, measured as the backend is: a graph of calls that rotate through sets of tensors, timed by events.

Reads a line of JSON for each request, and answers on file descriptor 3, which nothing else writes to.
"""

import json
import os
import sys
import time

import torch

import contenders

ON_CPU = "--cpu" in sys.argv  # for a test of this program: nothing is captured, and times mean nothing
DEVICE = "cpu" if ON_CPU else "cuda"
stream = None if ON_CPU else torch.cuda.Stream()


def hello():
    if not ON_CPU and not torch.cuda.is_available():
        raise RuntimeError(f"torch {torch.__version__} is there, and sees no GPU")
    return {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "triton": contenders.triton_version(),
        "cuda": torch.version.cuda,
        "device": "cpu" if ON_CPU else torch.cuda.get_device_name(),
    }


class OnStream:
    """Runs on the stream that is measured: autograd's backward follows the stream of its forward."""

    def __enter__(self):
        self.guard = None if ON_CPU else torch.cuda.stream(stream)
        if self.guard:
            self.guard.__enter__()

    def __exit__(self, *error):
        if self.guard:
            self.guard.__exit__(*error)


def synchronize():
    if not ON_CPU:
        torch.cuda.synchronize()


class Measured:
    """One contender of a row, ready to be timed."""

    def __init__(self, call, sets, passes):
        self.calls = len(sets) * passes
        # The results of a pass are kept until the next, so that they rotate too.
        kept = [None] * len(sets)

        def work():
            for _ in range(passes):
                for i, tensors in enumerate(sets):
                    kept[i] = call(*tensors)

        with OnStream():
            for tensors in sets[:2]:
                call(*tensors)
            synchronize()
            self.run = work if ON_CPU else self.captured(work)
            self.kept = kept
            self.run()
        synchronize()

    def captured(self, work):
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=stream):
            work()
        return self.graph.replay

    def measure(self):
        if ON_CPU:
            begin = time.perf_counter()
            self.run()
            return max(1e-6, (time.perf_counter() - begin) * 1e3) / self.calls
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        with OnStream():
            self.run()
            first.record(stream)
            self.run()
            last.record(stream)
        last.synchronize()
        return first.elapsed_time(last) / self.calls


def one_line(error):
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:200]


class Row:
    """The row that is being measured."""

    def __init__(self):
        self.ready = {}

    def clear(self):
        self.ready = {}
        torch._dynamo.reset()
        if not ON_CPU:
            torch.cuda.empty_cache()

    def prepare(self, row, sets, passes):
        self.clear()
        errors = {}
        with OnStream():
            tensors = [contenders.tensors_of(row, DEVICE) for _ in range(sets)]
        synchronize()
        for name, make in contenders.contenders_of(row, DEVICE).items():
            try:
                with OnStream():
                    call, bound = make(tensors)
                measured = Measured(call, bound, passes)
                eager = self.ready.get("eager")
                if name != "copy" and eager and contenders.differs(measured.kept[0], eager.kept[0]):
                    raise RuntimeError("its results are not those of eager")
                self.ready[name] = measured
            except Exception as error:
                errors[name] = one_line(error)
        return {"names": list(self.ready), "errors": errors}

    def compile(self, rows):
        """Fills the caches of compilers; which variant is fastest is found later, when nothing else runs."""
        for row in rows:
            self.clear()
            with OnStream():
                tensors = [contenders.tensors_of(row, DEVICE)]
                for name, make in contenders.contenders_of(row, DEVICE).items():
                    try:
                        call, bound = make(tensors)
                        call(*bound[0])
                    except Exception:
                        pass  # It is tried again, and its error told, when it is measured.
            synchronize()
        return {}


def main():
    answers = os.fdopen(3, "w")
    row = Row()
    actions = {
        "hello": hello,
        "prepare": row.prepare,
        "measure": lambda name: {"ms": row.ready[name].measure()},
        "compile": row.compile,
    }
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = actions[request.pop("do")](**request)
        except Exception as error:
            answer = {"error": one_line(error)}
        print(json.dumps(answer), file=answers, flush=True)


main()
