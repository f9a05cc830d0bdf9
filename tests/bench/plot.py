"""Cost against size, drawn by hand: an SVG for the document, and lines of text for a terminal."""

from collections.abc import Sequence
from math import log10

from figures import Point

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _RIGHT, _TOP = 640, 320, 56, 40, 110, 16
_COLOURS = ("#0b62a4", "#c8511b", "#3a7d34", "#7d3c98", "#666666")
_BAR_COLUMNS = 50
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def svg(points: Sequence[Point]) -> str:
    """Microseconds a query, from zero, over endpoints on a logarithmic scale; a line for each server."""
    step = next((each for each in _STEPS if max(point.cost for point in points) / each <= 6), _STEPS[-1])
    top = step * (int(max(point.cost for point in points) / step) + 1)
    sizes = sorted({point.size for point in points})
    names = list(dict.fromkeys(point.name for point in points))
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for cost in range(0, top + 1, step):
        y = _y(cost, top)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{cost}</text>')
    for size in sizes:
        x = _x(size, sizes)
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 4}">endpoints; upwards: us of CPU a query</text>')
    for colour, name in zip(_COLOURS, names, strict=False):
        parts += _line([point for point in points if point.name == name], sizes, top, colour)
    return "\n".join([*parts, "</svg>", ""])


def text(points: Sequence[Point]) -> str:
    """The same as bars."""
    most = max(point.cost for point in points)
    width = max(len(point.name) for point in points)
    lines = []
    for point in sorted(points, key=lambda point: (point.size, point.name)):
        bar = "#" * max(1, round(point.cost / most * _BAR_COLUMNS))
        lines.append(f"{point.size:>11,}  {point.name:{width}}  {bar} {point.cost:.2f}")
    return "\n".join(lines)


def _line(points: Sequence[Point], sizes: Sequence[int], top: int, colour: str) -> list[str]:
    places = [(_x(point.size, sizes), _y(point.cost, top)) for point in sorted(points, key=lambda each: each.size)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places),
        f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" fill="{colour}">{points[0].name}</text>',
    ]


def _x(size: int, sizes: Sequence[int]) -> float:
    span = log10(sizes[-1] / sizes[0]) or 1.0
    return _LEFT + 24 + log10(size / sizes[0]) / span * (_WIDTH - _LEFT - _RIGHT - 48)


def _y(cost: float, top: int) -> float:
    return _TOP + (1 - cost / top) * (_HEIGHT - _TOP - _BOTTOM)
