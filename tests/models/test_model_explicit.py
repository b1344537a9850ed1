"""torchvision's networks made explicit: the same numbers, nothing shared, nothing in place."""

from __future__ import annotations

import copy
import linecache
import threading

import pytest
import torch
from torch import nn

from xai.hooks import alias
from xai.models import MODELS
from xai.models.computation import steps
from xai.models.explicit import explicit
from xai.models.folding import batch_norm_pairs, fold_batch_norms
from xai.models.loading import build

ZOO = tuple(name for name, spec in MODELS.items() if not spec.bundled)
OWN = tuple(name for name, spec in MODELS.items() if spec.bundled)
SIDE = 64


@pytest.fixture(scope="module")
def batch() -> torch.Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", ZOO)
def test_output_is_the_originals_to_the_bit_and_folding_moves_it_by_rounding(zoo_net, batch, name):
    net = zoo_net(name)
    with torch.no_grad():
        wanted = net(batch)
    found = explicit(net)
    with torch.no_grad():
        assert torch.equal(found(batch), wanted)
        assert wanted.std() > 1e-3
        pairs = batch_norm_pairs(steps(found, (3, SIDE, SIDE)))
        folded = fold_batch_norms(alias(found), pairs)
        scale = max(1.0, float(wanted.abs().max()))
        assert float((folded(batch) - wanted).abs().max()) < 1e-4 * scale
        assert torch.equal(found(batch), wanted)
    left = sum(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    total = sum(isinstance(module, nn.BatchNorm2d) for module in found.modules())
    # DenseNet normalises before it convolves; everything else can be folded.
    assert (total > left) == (total > 0)
    assert (left > 0) == (name == "densenet121")


@pytest.mark.parametrize("name", [*ZOO, *OWN])
def test_every_step_is_a_module_of_its_own_and_none_works_in_place(name):
    spec = MODELS[name]
    net = build(spec)
    found = steps(net, (spec.channels, *spec.input_size))
    called = [step.module for step in found if step.module]
    assert len(called) == len(set(called))
    assert {step.kind for step in found if not step.module} <= {"input", "flatten"}
    assert not any(getattr(module, "inplace", False) for module in net.modules())
    leaves = [path for path, module in net.named_modules() if not list(module.children())]
    assert set(leaves) == set(called)
    hooks = [id(module._forward_hooks) for module in net.modules()]
    assert len(hooks) == len(set(hooks))


@pytest.mark.parametrize("name", ZOO)
def test_names_of_parameters_are_torchvisions(name):
    import torchvision.models

    spec = MODELS[name]
    with torch.device("meta"):
        original = getattr(torchvision.models, name)(**dict(spec.options))
    assert set(build(spec).state_dict()) == set(original.state_dict())
    kinds = build(spec).kinds
    assert kinds[""] == type(original).__name__
    assert {path: type(module).__name__ for path, module in original.named_modules()} == kinds


def test_a_hook_on_one_activation_hears_one_call():
    net = build(MODELS["resnet18"]).to_empty(device="cpu")
    heard = []
    for part in ("relu", "relu_2"):
        module = net.get_submodule(f"layer1.0.{part}")
        module.register_forward_hook(lambda *_, part=part: heard.append(part))
    with torch.no_grad():
        net(torch.zeros(1, 3, 32, 32))
    assert heard == ["relu", "relu_2"]


def test_shared_weights_stay_shared():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.dense(self.dense(x))

    found = explicit(Twice().eval())
    assert [name for name, _ in found.named_parameters()] == ["dense.weight", "dense.bias"]


def test_functions_become_modules():
    class Functional(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = torch.nn.functional.relu(x, inplace=False)
            y = torch.nn.functional.relu6(y) + torch.relu(x)
            y += x
            y = y.add(x)
            y = torch.cat([y, x], dim=1)
            y = torch.nn.functional.adaptive_avg_pool2d(y, (2, 2))
            return torch.nn.functional.dropout(y, training=self.training)

    net = Functional().eval()
    x = torch.randn(1, 2, 4, 4)
    wanted = net(x.clone())
    found = explicit(net)
    assert torch.equal(found(x), wanted)
    kinds = [step.kind for step in steps(found, (2, 4, 4))]
    assert kinds == [
        *("input", "ReLU", "ReLU6", "ReLU", "Sum", "Sum", "Sum", "Concat"),
        *("AdaptiveAvgPool2d", "Identity"),
    ]


def test_what_cannot_be_traced_is_a_value_error():
    class Branching(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.sum() > 0 else -x

    for function in (explicit, lambda net: steps(net, (1, 2, 2))):
        with pytest.raises(ValueError, match="cannot be traced"):
            function(Branching().eval())


def test_alias_computes_the_same_without_growing_the_process(zoo_net, batch):
    net = explicit(zoo_net("resnet18"))
    with torch.no_grad():
        wanted = net(batch)
        alias(net)
        before = len(linecache.cache)
        private = [alias(net) for _ in range(20)][-1]
        assert len(linecache.cache) == before
        assert torch.equal(private(batch), wanted)
        assert torch.equal(copy.deepcopy(net)(batch), wanted)
    assert private.kinds == net.kinds


def test_tracing_leaves_the_forward_passes_of_other_threads_alone(model):
    lenet = model("lenet5-mnist")
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = lenet.logits(x)
    ended, wrong = threading.Event(), []

    def predict() -> None:
        try:
            while not ended.is_set():
                with torch.no_grad():
                    if not torch.equal(lenet.logits(x), wanted):
                        wrong.append("logits")
        except Exception as error:
            wrong.append(repr(error))

    def trace() -> None:
        try:
            for _ in range(6):
                steps(build(MODELS["resnet18"]), (3, 64, 64))
        except Exception as error:
            wrong.append(repr(error))

    call = nn.Module.__call__
    readers = [threading.Thread(target=predict) for _ in range(2)]
    tracers = [threading.Thread(target=trace) for _ in range(2)]
    for thread in (*readers, *tracers):
        thread.start()
    for thread in tracers:
        thread.join(60)
    ended.set()
    for thread in readers:
        thread.join(60)
    assert wrong == []
    assert nn.Module.__call__ is call
