"""Counts the structure of the package: rooms, floors, arrows, arrows that run back up, circles.

    python scripts/structure.py              of this checkout
    python scripts/structure.py PATH         of another, e.g. a worktree of an older commit

A room is a package, or a module at the top of ``ganzoo``; an arrow says that a room imports another; a floor is one
step of the longest chain of arrows. ``docs/architecture.md`` has the figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import grimp


def rooms_of(graph: grimp.ImportGraph) -> dict[str, str]:
    """Return the room of each module: its package, or itself where it lies at the top."""
    packages = {module for module in graph.modules if graph.find_children(module)}
    rooms = {}
    for module in graph.modules:
        if module == "ganzoo" or not module.startswith("ganzoo."):
            continue
        package = module if module in packages else module.rpartition(".")[0]
        rooms[module] = module if package == "ganzoo" else package
    return rooms


def arrows_of(graph: grimp.ImportGraph, rooms: dict[str, str]) -> Counter[tuple[str, str]]:
    """Return how many imports lead from one room to another."""
    arrows: Counter[tuple[str, str]] = Counter()
    for module, room in rooms.items():
        for imported in graph.find_modules_directly_imported_by(module):
            other = rooms.get(imported)
            if other and other != room:
                arrows[room, other] += 1
    return arrows


def order_of(arrows: Counter[tuple[str, str]]) -> list[str]:
    """Return the rooms from the bottom up, in an order that few arrows contradict: fewest unmet imports first."""
    rooms = {room for arrow in arrows for room in arrow}
    order: list[str] = []
    while rooms:
        weight = {room: sum(n for (a, b), n in arrows.items() if a == room and b in rooms) for room in rooms}
        lowest = min(rooms, key=lambda room: (weight[room], room))
        order.append(lowest)
        rooms.remove(lowest)
    return order


def floors_of(arrows: Counter[tuple[str, str]], order: list[str]) -> dict[str, int]:
    """Return each room's floor, 1 for those that import no other; arrows that run back up do not count."""
    floors: dict[str, int] = {}
    for room in order:
        floors[room] = 1 + max((floors[b] for a, b in arrows if a == room and b in floors), default=0)
    return floors


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    sys.path[:0] = [str(root), str(root / "plugins")]
    graph = grimp.build_graph("ganzoo", cache_dir=None)
    rooms = rooms_of(graph)
    arrows = arrows_of(graph, rooms)
    order = order_of(arrows)
    place = {room: number for number, room in enumerate(order)}
    back = sorted(f"{a} -> {b}" for a, b in arrows if place[b] > place[a])
    floors = floors_of(arrows, order)
    top = [module for module, room in rooms.items() if module == room and module not in graph_packages(graph)]
    print(f"modules at the top   {len(top)}: {', '.join(sorted(name.rpartition('.')[2] for name in top))}")
    print(f"rooms                {len(set(rooms.values()))}")
    print(f"floors               {max(floors.values())}")
    print(f"arrows               {len(arrows)}")
    print(f"arrows back up       {len(back)}" + "".join(f"\n  {each}" for each in back))
    for floor in range(max(floors.values()), 0, -1):
        print(f"{floor:2}  " + "  ".join(sorted(room.removeprefix("ganzoo.") for room in floors if floors[room] == floor)))


def graph_packages(graph: grimp.ImportGraph) -> set[str]:
    """Return the modules that have children."""
    return {module for module in graph.modules if graph.find_children(module)}


if __name__ == "__main__":
    main()
