"""Counts the structure of the package: rooms, floors, arrows, arrows that run back up.

    python scripts/structure.py              of this checkout
    python scripts/structure.py PATH         of another, e.g. a worktree of an older commit

A room is what lies at the top of ``ganzoo``: a folder with all that is in it, or a module. With --nested, a folder
within a folder is a room of its own. An arrow says that a room imports another; a floor is one step of the longest
chain of arrows. ``__main__`` is no room: it only calls the command line. ``docs/architecture.md`` has the figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import grimp


def rooms_of(graph: grimp.ImportGraph, nested: bool) -> dict[str, str]:
    """Return the room of each module."""
    packages = {module for module in graph.modules if graph.find_children(module)}
    rooms = {}
    for module in graph.modules - {"ganzoo.__main__"}:
        if module.startswith("ganzoo."):
            top = ".".join(module.split(".")[:2])
            package = module if module in packages else module.rpartition(".")[0]
            rooms[module] = package if nested and package != "ganzoo" else top
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
    arguments = [each for each in sys.argv[1:] if each != "--nested"]
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    sys.path[:0] = [str(root), str(root / "plugins")]
    graph = grimp.build_graph("ganzoo", cache_dir=None)
    rooms = rooms_of(graph, "--nested" in sys.argv)
    arrows = arrows_of(graph, rooms)
    order = order_of(arrows)
    place = {room: number for number, room in enumerate(order)}
    back = sorted(f"{a} -> {b}" for a, b in arrows if place[b] > place[a])
    floors = floors_of(arrows, order)
    modules = [room for room in set(rooms.values()) if not graph.find_children(room)]
    print(f"modules at the top   {len(modules)}")
    print(f"rooms                {len(set(rooms.values()))}")
    print(f"floors               {max(floors.values())}")
    print(f"arrows               {len(arrows)}")
    print(f"arrows back up       {len(back)}" + "".join(f"\n  {each}" for each in back))
    for floor in range(max(floors.values()), 0, -1):
        on_it = sorted(room.removeprefix("ganzoo.") for room in floors if floors[room] == floor)
        print(f"{floor:2}  " + "  ".join(on_it))


if __name__ == "__main__":
    main()
