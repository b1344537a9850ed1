"""Transfer: whether what fools this network fools the others that take the image."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages._ui import cached, controls, panels, progress, witnesses
from pages._ui.assault.answers import table
from pages._ui.assault.attacking import Attacked, AttackKey
from pages._ui.workbench import Bench
from xai.attacks import ATTACKS
from xai.attacks.studies import transfer
from xai.attacks.studies.transfer import KINDS, Transfer, TransferRate
from xai.figures.fooling_chart import margin_chart, transfer_chart
from xai.jobs import Report
from xai.models import ModelSpec
from xai.types import Params

#: Over how many images the share is counted.
_COUNTS = (30, 100, 300, 1000)


@dataclass(frozen=True)
class TransferKey:
    """Everything that the answers of other networks to one image depend on."""

    attack: AttackKey
    models: tuple[str, ...]


@dataclass(frozen=True)
class RateKey:
    """Everything that the share of transferred attacks depends on."""

    models: tuple[str, ...]
    images: str
    count: int
    method: str
    params: Params
    seed: int


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw what other networks say of this attack, and of attacks on many images."""
    chosen = witnesses.choose(bench, "transfer.models")
    if not chosen:
        return
    _one_image(bench, attacked, chosen)
    _many_images(bench, attacked, chosen)


def _one_image(bench: Bench, attacked: Attacked, chosen: Sequence[ModelSpec]) -> None:
    result = attacked.result
    reason = table.idle(result)
    if reason:
        st.info(reason, icon=":material/info:")
        return
    names = tuple(spec.name for spec in chosen)
    asked = [bench.model, *(cached.model(name) for name in names)]
    clean, noise = bench.input, attacked.noise.image

    def work(report: Report) -> tuple[Transfer, ...]:
        return transfer.transfer(result.image, clean, noise, asked, result.goal)

    found: tuple[Transfer, ...] | None = progress.result(
        TransferKey(attacked.key, names),
        work,
        label="Other networks",
        keep=False,
        slot="transfer.one",
    )
    if found is None:
        return
    st.markdown(_sentence(found))
    st.altair_chart(margin_chart(found, result.goal), width="stretch")
    st.caption(
        "The first row is the network that the attack was made for. The others see the same "
        "picture, and the attack knew nothing of them. Right of the upright line a network is "
        "fooled."
    )
    table.table(found, result.goal, head="Network", draw=_draw, verdict=_verdict)


def _draw(one: Transfer) -> None:
    st.markdown(f"**{panels.plain(one.label)}**")
    if one.resized:
        st.caption("Takes another size: it sees the picture resampled.")


def _verdict(one: Transfer) -> str:
    if not one.right:
        return ":gray[:material/help:] errs without the attack"
    if one.fooled and one.swayed:
        return ":orange[:material/masks:] fooled, by noise too"
    if one.fooled:
        return ":orange[:material/masks:] **fooled**"
    return ":green[:material/shield:] **not fooled**"


def _sentence(found: Sequence[Transfer]) -> str:
    others = [one for one in found[1:] if one.right]
    fooled = [one for one in others if one.fooled]
    if not others:
        return "The other networks err on the clean image already: nothing can be said of transfer."
    swayed = [one for one in others if one.swayed]
    noise = f" Random noise of the same size does fool {_names(swayed)}." if swayed else ""
    if not fooled:
        return f"The attack does not transfer: {_named(others)} still right.{noise}"
    return f"The attack transfers: {_named(fooled)} fooled as well.{noise}"


def _named(some: Sequence[Transfer]) -> str:
    return f"{_names(some)} {'is' if len(some) == 1 else 'are'}"


def _names(some: Sequence[Transfer]) -> str:
    return " and ".join(panels.plain(one.label) for one in some)


def _many_images(bench: Bench, attacked: Attacked, chosen: Sequence[ModelSpec]) -> None:
    st.markdown("**One image is an anecdote: how often does it happen?**")
    known = _known(bench)
    if not known:
        st.caption(
            "That takes images whose true class the network has: choose another data set, or "
            "name the folders of your own images after its classes."
        )
        return
    counts = [count for count in _COUNTS if count < known] or [known]
    words = {"none": "not now"} | {str(count): _images(count) for count in counts}
    picked = controls.segments("transfer.n", "Count over", words, default="none")
    if picked == "none":
        return
    found = _rate(bench, attacked, chosen, int(picked))
    if found is None:
        return
    labels = [bench.spec.label, *(spec.label for spec in chosen)]
    st.altair_chart(transfer_chart(found, labels), width="stretch")
    st.caption(_counted(found))
    panels.download_text(_csv(found), f"{bench.model_name}-transfer.csv", "Counts (.csv)")


def _known(bench: Bench) -> int:
    """Return how many images are of a class that the network has."""
    return int((bench.pool.labels_in(bench.spec.classes) >= 0).sum())


def _rate(
    bench: Bench, attacked: Attacked, chosen: Sequence[ModelSpec], count: int
) -> TransferRate | None:
    names = tuple(spec.name for spec in chosen)
    model, others = bench.model, [cached.model(name) for name in names]
    method, params = attacked.key.method, attacked.key.params
    # Where some classes are unknown, so many images might hold none that is known.
    every = len(bench.pool)
    images = bench.sample(count if _known(bench) == every else every)
    asked, seed = (bench.model_name, *names), attacked.key.seed
    key = RateKey(asked, images.signature, count, method, params, seed)

    def work(report: Report) -> TransferRate:
        return transfer.transfer_rate(
            model, others, images, method, params, n=count, seed=seed, progress=report
        )

    found: TransferRate | None = progress.result(
        key, work, label=f"{ATTACKS[method].label} on many images", keep=False, slot="transfer.rate"
    )
    return found


def _counted(found: TransferRate) -> str:
    left_out = " Images of other classes were left out." if found.skipped else ""
    return (
        f"{_images(len(found.labels))}, each attacked on the first network away from its true "
        f"class with {ATTACKS[found.method].label} and the settings above. A point is the share "
        "that a network reads rightly when clean and wrongly now, its bar the 95 % interval "
        "(Wilson). Noise is as large as each attack: where it fools as often, the network is "
        f"shaken by size, and nothing of the attack has transferred.{left_out}"
    )


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _csv(found: TransferRate) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["model", "right when clean", *(f"fooled by {kind}" for kind in KINDS[1:])])
    columns = [found.fooled(kind) for kind in KINDS[1:]]
    for place, name in enumerate(found.models):
        writer.writerow([name, found.right[place], *(column[place] for column in columns)])
    return table.getvalue()
