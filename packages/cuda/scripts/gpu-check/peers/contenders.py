"""What the backend is compared with: PyTorch eager, torch.compile, a Triton kernel, and PyTorch's own copy of as many bytes."""

import torch
import torch.nn.functional as F

try:
    import triton

    import kernels
except ImportError:
    triton = None

EPS = 1e-6
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

# Compiled code is found again in a process that begins later; which variant is the fastest is not, as others may have been running.
try:
    import torch._inductor.config as inductor

    inductor.autotune_local_cache = False
except (ImportError, AttributeError):
    pass
try:
    # Without this, backward may run but once for each forward.
    import torch._functorch.config as functorch

    functorch.donated_buffer = False
except (ImportError, AttributeError):
    pass


def triton_version():
    return triton.__version__ if triton else None


def tensors_of(row, device):
    """One set: what the operation reads, and the weight. PyTorch keeps the weight in the dtype of x."""
    dtype = DTYPES[row["dtype"]]
    shape = [row["outer"], row["size"]] + ([row["inner"]] if row["inner"] > 1 else [])
    x = torch.randn(shape, device=device, dtype=dtype)
    w = torch.ones(row["size"], device=device, dtype=dtype)
    if row["op"] in ("addForward", "gatedForward", "backward"):
        return (x, torch.randn(shape, device=device, dtype=dtype), w)
    return (x, w)


def norm(x, w):
    return F.rms_norm(x, (x.shape[-1],), w, EPS)


def add_norm(x, residual, w):
    total = x + residual
    return norm(total, w), total


def gated_norm(x, gate, w):
    return norm(x * F.silu(gate), w)


def quantized_norm(x, w):
    y = norm(x, w).float()
    largest = y.abs().amax(-1, keepdim=True)
    scale = torch.where(largest == 0, 1.0, largest / 127)
    return torch.clamp(torch.round(y / scale), -127, 127).to(torch.int8), scale


def channels_first_by_transposing(x, w):
    return norm(x.transpose(1, 2), w).transpose(1, 2).contiguous()


def channels_first(x, w):
    """What a compiler makes one kernel of."""
    wide = x.float()
    r = torch.rsqrt(wide.square().mean(1, keepdim=True) + EPS)
    return (wide * r * w.float()[:, None]).to(x.dtype)


def functions_of(row):
    """For eager, and for torch.compile."""
    if row["inner"] > 1:
        return channels_first_by_transposing, channels_first
    function = {
        "forward": norm,
        "addForward": add_norm,
        "gatedForward": gated_norm,
        "forwardQuantized": quantized_norm,
        "backward": norm,
    }[row["op"]]
    return function, function


def compiled(function):
    # Its own graphs would copy inputs each time: we capture ours.
    torch._dynamo.reset()
    return torch.compile(function, mode="max-autotune-no-cudagraphs", dynamic=False, fullgraph=True)


def plain(function):
    return lambda sets: (function, sets)


def backward_of(function):
    """backward alone: forward has been done before, once for each set."""

    def gradients(y, x, w, dy):
        return torch.autograd.grad(y, (x, w), dy, retain_graph=True)

    def make(sets):
        bound = []
        for x, dy, w in sets:
            x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
            bound.append((function(x, w), x, w, dy))
        return gradients, bound

    return make


def copy_of(row):
    """As the copy that the backend is held against, but by PyTorch: both processes must measure the same."""

    def make(sets):
        count = (row["read"] + row["written"]) // 2
        device = sets[0][0].device
        pairs = [tuple(torch.empty(count, device=device, dtype=torch.uint8) for _ in range(2)) for _ in sets]
        return (lambda source, target: target.copy_(source)), pairs

    return make


def contenders_of(row, device):
    """By name, a function that takes the sets and returns a call and its arguments for each set."""
    eager, for_compile = functions_of(row)
    wrap = backward_of if row["op"] == "backward" else plain
    found = {
        "eager": wrap(eager),
        "compile": lambda sets: wrap(compiled(for_compile))(sets),
        "copy": copy_of(row),
    }
    if triton and kernels.can(row):
        found["triton"] = lambda sets: kernels.make(row, sets)
    return found


def differs(found, wanted):
    """Whether results are not those of eager, give or take roundings: a contender that computes something else is none."""
    found, wanted = ([t] if isinstance(t, torch.Tensor) else list(t) for t in (found, wanted))
    for a, b in zip(found, wanted):
        largest = b.float().abs().max().item()
        allowed = 1 if b.dtype == torch.int8 else 0.02 * max(1.0, largest)
        if a.shape != b.shape or not (a.float() - b.float()).abs().max().item() <= allowed:
            return True
    return False
