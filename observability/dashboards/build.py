"""`python -m observability.dashboards.build`: write every dashboard's file anew. Needs grafana-foundation-sdk."""

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from observability.dashboards import FOLDER, fleet, service

BUILDERS = {"fleet": fleet.build, "service": service.build}


def built() -> dict[str, str]:
    """The text of each dashboard's file, by name."""
    return {
        name: JSONEncoder(sort_keys=True, indent=2).encode(build().build()) + "\n" for name, build in BUILDERS.items()
    }


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in built().items():
        (FOLDER / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
