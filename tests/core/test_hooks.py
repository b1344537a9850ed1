"""The private alias and the recording of activations."""

from __future__ import annotations

import tracemalloc

import pytest
import torch
from torch import nn

from xai.hooks import (
    EnoughError,
    alias,
    entering,
    forward,
    listening,
    recording,
    submodule,
    swap,
    swap_each,
)


class Tied(nn.Module):
    """Two dense layers with one weight, a batch norm and a buffer that is not saved."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("shift", torch.ones(3), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.second(self.first(x))) + self.shift


@pytest.fixture
def net() -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    made = Tied().eval()
    for parameter in made.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
        parameter.requires_grad_(False)
    return made


X = torch.tensor([[0.3, -1.0, 2.0]])


def pointers(net: nn.Module) -> list[int]:
    return [value.data_ptr() for value in (*net.parameters(), *net.buffers())]


# -------------------------------------------------------------------------- alias
def test_alias_shares_every_number_and_no_object(net):
    private = alias(net)
    assert pointers(private) == pointers(net)
    for own, shared in zip(private.modules(), net.modules(), strict=True):
        assert own is not shared
        assert own._forward_hooks is not shared._forward_hooks
    for own, shared in zip(private.parameters(), net.parameters(), strict=True):
        assert own is not shared
        assert isinstance(own, nn.Parameter)
        assert not own.requires_grad
    for own, shared in zip(private.buffers(), net.buffers(), strict=True):
        assert own is not shared
    assert torch.equal(private(X), net(X))
    assert not private.training


def test_tied_weights_stay_tied_in_the_alias(net):
    private = alias(net)
    assert private.first.weight is private.second.weight


def test_rebinding_on_the_alias_is_private(net):
    before = net(X)
    private = alias(net)
    private.first.weight = nn.Parameter(torch.zeros(3, 3))
    private.second.weight.data = torch.ones(3, 3)
    private.norm.running_mean = torch.full((3,), 9.0)
    private.norm.weight.requires_grad_(True)
    swap(private, "norm", nn.Identity())
    private.register_forward_hook(lambda module, args, output: output * 0)
    assert torch.equal(net(X), before)
    assert isinstance(net.norm, nn.BatchNorm1d)
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert torch.equal(private(X), torch.zeros(1, 3))


def test_a_hook_on_the_network_does_not_reach_an_older_alias(net):
    private = alias(net)
    handle = net.register_forward_hook(lambda module, args, output: output * 0)
    assert not torch.equal(private(X), torch.zeros(1, 3))
    handle.remove()


def test_gradients_flow_through_an_alias_to_the_image_alone(net):
    private = alias(net)
    x = X.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(private(x).sum(), x)
    assert slope.abs().sum() > 0
    assert all(parameter.grad is None for parameter in (*net.parameters(), *private.parameters()))


def test_alias_takes_no_memory_worth_naming():
    big = nn.Linear(2_000, 2_000)
    tracemalloc.start()
    private = [alias(big) for _ in range(20)]
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {module.weight.data_ptr() for module in private} == {big.weight.data_ptr()}
    assert used < 2_000_000


# ---------------------------------------------------------------------- submodules
def test_submodule_finds_dotted_paths_and_lists_what_is_near():
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Linear(1, 1))
    assert submodule(net, "0.0") is net[0][0]
    with pytest.raises(ValueError, match=r"expected a layer such as .*0\.0.*; got '0\.1'"):
        submodule(net, "0.1")


@pytest.mark.parametrize("name", ["", "nowhere", "<script>", "first.weight", 3, None])
def test_what_is_no_layer_is_refused(net, name):
    with pytest.raises(ValueError, match="layer: expected a layer such as"):
        submodule(net, name)


def test_swap_reaches_nested_modules():
    net = nn.Sequential(nn.Sequential(nn.ReLU()))
    swap(net, "0.0", nn.Identity())
    assert isinstance(net[0][0], nn.Identity)


def test_a_module_of_several_names_is_replaced_under_all_of_them():
    shared = nn.ReLU()
    inner = nn.Sequential(nn.Linear(1, 1), shared)
    net = nn.Sequential(shared, inner, shared, nn.ReLU6(), inner)
    made: list[nn.Module] = []

    def make(module: nn.Module) -> nn.Module:
        made.append(module)
        return nn.Identity()

    swap_each(net, (nn.ReLU, nn.ReLU6), make)
    assert made == [shared, made[1]]
    assert isinstance(made[1], nn.ReLU6)
    assert not any(isinstance(module, nn.ReLU | nn.ReLU6) for module in net.modules())
    assert net[0] is net[2]
    assert net[0] is net[1][1]
    assert net[0] is not net[3]


# ----------------------------------------------------------------------- recording
def test_recording_keeps_outputs_and_leaves_no_hook(net):
    private = alias(net)
    with recording(private, ["first", "norm"]) as outputs:
        assert outputs == {}
        private(X)
    assert list(outputs) == ["first", "norm"]
    assert torch.equal(outputs["first"], net.first(X))
    assert not any(module._forward_hooks for module in private.modules())


def test_recorded_outputs_hang_on_the_graph(net):
    private = alias(net)
    x = X.clone().requires_grad_(True)
    with recording(private, ["first"]) as outputs:
        score = private(x).sum()
    (slope,) = torch.autograd.grad(score, outputs["first"])
    assert slope.shape == (1, 3)


def test_a_second_pass_replaces_the_first(net):
    private = alias(net)
    with recording(private, ["first"]) as outputs:
        private(X)
        private(2 * X)
    assert torch.equal(outputs["first"], net.first(2 * X))


def test_failure_leaves_no_hook(net):
    private = alias(net)
    with pytest.raises(RuntimeError), recording(private, ["first", "second"]):
        private(torch.zeros(1, 99))
    with pytest.raises(KeyboardInterrupt), recording(private, ["first"]):
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="layer"), recording(private, ["first", "nowhere"]):
        pass
    assert not any(module._forward_hooks for module in private.modules())


def test_what_is_recorded_can_be_made_at_once(net):
    order: list[str] = []

    def take(name: str, output: torch.Tensor) -> float:
        order.append(name)
        return float(output.sum())

    private = alias(net)
    with recording(private, ("norm", "first"), take) as outputs:
        x = private.first(X)
        assert outputs == {"first": float(x.sum())}
        private(X)
    assert order == ["first", "first", "norm"]
    assert outputs["first"] == float(x.sum())


def test_what_a_taker_raises_ends_the_pass_and_leaves_no_hook(net):
    def refuse(name: str, output: torch.Tensor) -> None:
        raise ValueError(name)

    private = alias(net)
    with pytest.raises(ValueError, match="first"), recording(private, ("first",), refuse):
        private(X)
    assert not any(module._forward_hooks for module in private.modules())


def test_a_pass_ends_where_a_recording_has_enough(net):
    met: list[str] = []

    def take(name: str, output: torch.Tensor) -> None:
        met.append(name)
        if name == "second":
            raise EnoughError

    private = alias(net)
    with recording(private, ("first", "second", "norm"), take):
        forward(private, X)
        assert met == ["first", "second"]
        forward(private, X)
    assert met == ["first", "second"] * 2
    assert not any(module._forward_hooks for module in private.modules())
    with pytest.raises(RuntimeError):
        forward(private, torch.zeros(1, 99))


# ----------------------------------------------------------------------- listening
class Writing(nn.Module):
    """Everything works in place; arguments come by place, by name and in a list."""

    class Join(nn.Module):
        def forward(self, parts, *, scale):
            for part in parts:
                part *= scale
            return parts[0] + parts[1]

    def __init__(self) -> None:
        super().__init__()
        self.act, self.join = nn.ReLU(inplace=True), self.Join()

    def forward(self, x):
        y = self.act(input=x * 1.0)
        y += 1
        z = self.join([y, x * 2.0], scale=torch.tensor(3.0))
        z.zero_()
        return z


def test_what_a_layer_was_given_and_gave_is_what_it_was_then():
    heard = []
    net = Writing()
    with listening(net, ["act", "join"], lambda *call: heard.append(call)):
        net(X)
    (act, given, output), (join, parts, total) = heard
    assert (act, join) == ("act", "join")
    assert torch.equal(given[0], X)
    assert torch.equal(output, X.clamp(min=0))
    assert torch.equal(parts[0][0], X.clamp(min=0) + 1)
    assert torch.equal(parts[0][1], X * 2)
    assert float(parts[1]) == 3.0
    assert torch.equal(total, 3 * (X.clamp(min=0) + 1) + 6 * X)


def test_a_module_that_calls_itself_is_heard_in_order():
    class Nested(nn.Module):
        def forward(self, x, depth=1):
            return self(x + 1, depth - 1) if depth else x * 10

    heard = []
    net = nn.Sequential(Nested())
    with listening(net, ["0"], lambda name, given, output: heard.append((given[0], output))):
        net(X)
    assert torch.equal(heard[0][0], X + 1)
    assert torch.equal(heard[1][0], X)


def test_listening_leaves_no_hook(net):
    private = alias(net)
    with pytest.raises(ValueError, match="layer"), listening(private, ["first", "no"], print):
        pass
    with pytest.raises(RuntimeError), listening(private, ["first"], lambda *call: None):
        private(torch.zeros(1, 99))
    for module in private.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


# ------------------------------------------------------------------------ entering
def test_what_a_layer_is_about_to_be_given_hangs_on_the_graph():
    met: list[tuple[str, torch.Tensor]] = []

    def keep(name: str, value: torch.Tensor) -> None:
        met.append((name, value.clone()))

    private, x = alias(Writing()), X.clone().requires_grad_(True)
    with entering(private, ["act"], keep):
        private(x)
        private(2 * x)
    ((name, first), (_, second)) = met
    assert name == "act"
    assert torch.equal(first, X)
    assert torch.equal(second, 2 * X)
    (slope,) = torch.autograd.grad(second.sum(), x)
    assert torch.equal(slope, torch.full_like(X, 2))


def test_a_pass_may_end_where_a_layer_is_entered(net):
    met: list[torch.Tensor] = []
    called: list[str] = []

    def enough(name: str, value: torch.Tensor) -> None:
        met.append(value)
        raise EnoughError

    private = alias(net)
    with (
        recording(private, ["first", "second"], lambda name, _: called.append(name)),
        entering(private, ["second"], enough),
    ):
        forward(private, X)
    assert called == ["first"]
    assert torch.equal(met[0], net.first(X))


def test_entering_leaves_no_hook(net):
    def refuse(name: str, value: torch.Tensor) -> None:
        raise ZeroDivisionError

    private = alias(net)
    with pytest.raises(ZeroDivisionError), entering(private, ["first"], refuse):
        private(X)
    with pytest.raises(ValueError, match="layer"), entering(private, ["first", "no"], refuse):
        pass
    with pytest.raises(RuntimeError), entering(private, ["first"], lambda *given: None):
        private(torch.zeros(1, 99))
    assert not any(module._forward_pre_hooks for module in private.modules())
    assert torch.equal(private(X), net(X))
