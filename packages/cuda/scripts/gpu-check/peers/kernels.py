"""RMSNorm in Triton, written as one would: a row or a tile of short rows for each program, float32 inside, tuned by triton.autotune."""

import os

import torch
import triton
import triton.language as tl

EPS = 1e-6
WIDEST_TILE = 32768
WIDEST_BACKWARD = 16384


def timed(run, quantiles):
    return triton.testing.do_bench(run, warmup=5, rep=20, quantiles=quantiles)


def tuned(warps, key):
    if os.environ.get("TRITON_INTERPRET") == "1":  # on a processor there is nothing to tune
        return lambda kernel: kernel
    return triton.autotune([triton.Config({}, num_warps=w) for w in warps], key=key, do_bench=timed)


@triton.jit
def silu(z):
    return z / (1.0 + tl.exp(-z))


@triton.jit
def load(X, Other, at, mask, ADD: tl.constexpr, GATE: tl.constexpr):
    x = tl.load(X + at, mask, other=0.0)
    if ADD:
        x = (x.to(tl.float32) + tl.load(Other + at, mask, other=0.0).to(tl.float32)).to(x.dtype)
    x = x.to(tl.float32)
    if GATE:
        x = x * silu(tl.load(Other + at, mask, other=0.0).to(tl.float32))
    return x


@tuned([1, 2, 4, 8, 16, 32], key=["N", "ROWS", "kind"])
@triton.jit
def whole_rows(
    X, Other, W, Y, Sum, Scales, rows, kind, eps,
    N: tl.constexpr, BLOCK: tl.constexpr, ROWS: tl.constexpr,
    ADD: tl.constexpr, GATE: tl.constexpr, QUANTIZE: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, BLOCK)[None, :]
    mask = (row < rows) & (column < N)
    at = row * N + column
    x = load(X, Other, at, mask, ADD, GATE)
    if ADD:
        tl.store(Sum + at, x, mask)
    r = tl.rsqrt(tl.sum(x * x, axis=1, keep_dims=True) / N + eps)
    w = tl.load(W + column, column < N, other=0.0).to(tl.float32)
    y = x * r * w
    if QUANTIZE:
        largest = tl.max(tl.abs(y), axis=1, keep_dims=True)
        scale = tl.where(largest == 0, 1.0, largest / 127.0)
        q = y / scale
        q = tl.where(q >= 0, tl.floor(q + 0.5), tl.ceil(q - 0.5))
        tl.store(Y + at, q.to(tl.int8), mask)
        tl.store(Scales + row, scale, row < rows)
    else:
        tl.store(Y + at, y, mask)


@tuned([8, 16, 32], key=["N", "kind"])
@triton.jit
def wide_rows(X, W, Y, kind, eps, N: tl.constexpr, BLOCK: tl.constexpr):
    start = tl.program_id(0).to(tl.int64) * N
    total = tl.zeros([BLOCK], tl.float32)
    for begin in range(0, N, BLOCK):
        column = begin + tl.arange(0, BLOCK)
        x = tl.load(X + start + column, column < N, other=0.0, eviction_policy="evict_last").to(tl.float32)
        total += x * x
    r = tl.rsqrt(tl.sum(total, axis=0) / N + eps)
    for begin in range(0, N, BLOCK):
        column = begin + tl.arange(0, BLOCK)
        x = tl.load(X + start + column, column < N, other=0.0, eviction_policy="evict_first").to(tl.float32)
        w = tl.load(W + column, column < N, other=0.0, eviction_policy="evict_last").to(tl.float32)
        tl.store(Y + start + column, x * r * w, column < N)


@tuned([4, 8, 16], key=["SIZE", "kind"])
@triton.jit
def columns(X, W, Y, inner, kind, eps, SIZE: tl.constexpr, DEPTH: tl.constexpr, WIDTH: tl.constexpr):
    position = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)[None, :]
    start = tl.program_id(1).to(tl.int64) * SIZE * inner
    total = tl.zeros([DEPTH, WIDTH], tl.float32)
    for begin in range(0, SIZE, DEPTH):
        feature = begin + tl.arange(0, DEPTH)[:, None]
        mask = (feature < SIZE) & (position < inner)
        x = tl.load(X + start + feature * inner + position, mask, other=0.0).to(tl.float32)
        total += x * x
    r = tl.rsqrt(tl.sum(total, axis=0, keep_dims=True) / SIZE + eps)
    for begin in range(0, SIZE, DEPTH):
        feature = begin + tl.arange(0, DEPTH)[:, None]
        mask = (feature < SIZE) & (position < inner)
        x = tl.load(X + start + feature * inner + position, mask, other=0.0).to(tl.float32)
        w = tl.load(W + feature, feature < SIZE, other=0.0).to(tl.float32)
        tl.store(Y + start + feature * inner + position, x * r * w, mask)


@tuned([4, 8, 16, 32], key=["N", "ROWS", "kind"])
@triton.jit
def backward_rows(
    X, DY, W, R, DX, Partials, rows, kind,
    N: tl.constexpr, BLOCK: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    column = tl.arange(0, BLOCK)[None, :]
    w = tl.load(W + column, column < N, other=0.0).to(tl.float32)
    total = tl.zeros([ROWS, BLOCK], tl.float32)
    for begin in range(tl.program_id(0) * ROWS, rows, tl.num_programs(0) * ROWS):
        row = begin + tl.arange(0, ROWS)[:, None]
        mask = (row < rows) & (column < N)
        at = row.to(tl.int64) * N + column
        x = tl.load(X + at, mask, other=0.0).to(tl.float32)
        dy = tl.load(DY + at, mask, other=0.0).to(tl.float32)
        r = tl.load(R + row, row < rows, other=0.0)
        normalized = x * r
        g = dy * w
        mean = tl.sum(g * normalized, axis=1, keep_dims=True) / N
        tl.store(DX + at, (g - normalized * mean) * r, mask)
        total += dy * normalized
    sums = tl.sum(total, axis=0, keep_dims=True)
    tl.store(Partials + tl.program_id(0) * N + column, sums, column < N)


def can(row):
    if row["inner"] > 1 or row["op"] == "forward":
        return True
    return row["size"] <= (WIDEST_BACKWARD if row["op"] == "backward" else WIDEST_TILE)


def tile_of(size):
    """Columns of a tile, and rows: short rows share a program."""
    block = triton.next_power_of_2(size)
    return block, max(1, 2048 // block)


def make(row, sets):
    if row["inner"] > 1:
        return make_columns(row, sets)
    if row["op"] == "backward":
        return make_backward(row, sets)
    if row["size"] > WIDEST_TILE:
        return make_wide(row, sets)
    return make_rows(row, sets)


def make_rows(row, sets):
    op, rows, size = row["op"], row["outer"], row["size"]
    block, tile = tile_of(size)
    kind = ["forward", "addForward", "gatedForward", "forwardQuantized"].index(op) * 8 + sets[0][0].element_size()
    grid = (triton.cdiv(rows, tile),)

    def call(x, other, w, y, total, scales):
        whole_rows[grid](
            x, other, w, y, total, scales, rows, kind, EPS, N=size, BLOCK=block, ROWS=tile,
            ADD=op == "addForward", GATE=op == "gatedForward", QUANTIZE=op == "forwardQuantized",
        )  # fmt: skip
        return {"addForward": (y, total), "forwardQuantized": (y, scales)}.get(op, y)

    bound = []
    for x, *rest in sets:
        other, w = rest if len(rest) == 2 else (x, rest[0])
        y = torch.empty_like(x, dtype=torch.int8) if op == "forwardQuantized" else torch.empty_like(x)
        total = torch.empty_like(x) if op == "addForward" else x
        scales = torch.empty(rows, 1, device=x.device) if op == "forwardQuantized" else w
        bound.append((x, other, w, y, total, scales))
    return call, bound


def make_wide(row, sets):
    rows, size = row["outer"], row["size"]

    def call(x, w, y):
        wide_rows[(rows,)](x, w, y, x.element_size(), EPS, N=size, BLOCK=8192)
        return y

    return call, [(x, w, torch.empty_like(x)) for x, w in sets]


def make_columns(row, sets):
    outer, size, inner = row["outer"], row["size"], row["inner"]
    depth = min(32, triton.next_power_of_2(size))
    width = 64 if inner < 256 else 128
    grid = (triton.cdiv(inner, width), outer)

    def call(x, w, y):
        columns[grid](x, w, y, inner, x.element_size(), EPS, SIZE=size, DEPTH=depth, WIDTH=width)
        return y

    return call, [(x, w, torch.empty_like(x)) for x, w in sets]


def make_backward(row, sets):
    """rstd comes from forward, as in PyTorch."""
    rows, size = row["outer"], row["size"]
    block, tile = tile_of(size)
    device = sets[0][0].device
    multiprocessors = torch.cuda.get_device_properties(device).multi_processor_count if device.type == "cuda" else 2
    programs = min(2 * multiprocessors, triton.cdiv(rows, tile))

    def call(x, dy, w, r, dx, partials):
        backward_rows[(programs,)](x, dy, w, r, dx, partials, rows, x.element_size(), N=size, BLOCK=block, ROWS=tile)
        return dx, partials.sum(0)

    bound = []
    for x, dy, w in sets:
        r = torch.rsqrt(x.float().square().mean(-1) + EPS)
        partials = torch.empty(programs, size, device=device)
        bound.append((x, dy, w, r, torch.empty_like(x), partials))
    return call, bound
