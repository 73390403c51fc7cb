# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Rewards of ticks and metrics of episodes, as ``aiot-mec`` defines them (docs/aiot-mec.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin.settings import Settings

LATENCY_BINS = 2000
OUTCOMES = (
    "unresolved",
    "completed",
    "local_late",
    "uplink_expired",
    "queue_expired",
    "compute_late",
    "result_late",
    "uplink_lost",
)
(UNRESOLVED, COMPLETED, LOCAL_LATE, UPLINK_EXPIRED, QUEUE_EXPIRED, COMPUTE_LATE, RESULT_LATE, UPLINK_LOST) = (
    range(8)
)
_SCALE = 100.0


@dataclass
class Interval:
    """Results of a tick, [B, N, L] for tasks and [B, N] for devices."""

    outcome: Tensor  #: int64 [B, N, L], UNRESOLVED where no task ended
    premium: Tensor  #: bool [B, N, L]
    latency_us: Tensor  #: of completed tasks, [B, N, L]
    deadline_us: Tensor  #: of the tasks in the slots, [B, N, L]
    above_idle_j: Tensor
    transmit_j: Tensor
    receive_j: Tensor
    idle_j: Tensor
    compute_j: Tensor
    age_ticks: Tensor  #: at the boundary that ends it
    class_age_ticks: Tensor  #: [B, N, 2] standard, premium
    receipt_age_ticks: Tensor
    peak_sum_ticks: Tensor  #: sum of the peaks of the interval
    peaks: Tensor
    outages: Tensor  #: bool
    server_us: Tensor  #: computing time, mean over servers, [B]
    fragments: Tensor  #: of tasks that ended: sent, received, lost, expired, retries, unanswered; [B, 6]


@dataclass
class Accounts:
    """Sums over the ticks of an episode, for B environments; float64 unless noted otherwise. ``add`` changes them in place."""

    ticks: int
    arrived: Tensor  #: tasks, [B]
    outcomes: Tensor  #: by service level, [B, 8, 2]
    latency_us: Tensor  #: of completed tasks by service level, [B, 2]
    latencies: Tensor  #: histogram of those, up to the longest deadline, [B, LATENCY_BINS]
    device_completed: Tensor  #: float32 [B, N]
    device_ended: Tensor  #: float32 [B, N]
    joules: Tensor  #: transmit, receive, idle, compute; [B, 4]
    ages: Tensor  #: age, standard, premium, receipt, sum of peaks, peaks; [B, 6]
    terms: Tensor  #: completion, energy, age, latency, utilisation, reward; [B, 6]
    outages: Tensor  #: [B]
    server_us: Tensor  #: [B]
    fragments: Tensor  #: see ``Interval``, [B, 6]
    completion: Tensor  #: completion term of the last tick in which a task ended, [B]
    energy: Tensor  #: energy term of that tick, [B]
    latency: Tensor  #: latency term of that tick, [B]
    device_uncharged_j: Tensor  #: energy beyond idling since then, [B, N]

    @staticmethod
    def zero(settings: Settings, envs: int, device: torch.device) -> Accounts:
        """Nothing has happened."""

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(envs, *shape, dtype=torch.float64, device=device)

        return Accounts(
            ticks=0,
            arrived=zeros(),
            outcomes=zeros(len(OUTCOMES), 2),
            latency_us=zeros(2),
            latencies=zeros(LATENCY_BINS),
            device_completed=torch.zeros(envs, settings.devices, device=device),
            device_ended=torch.zeros(envs, settings.devices, device=device),
            joules=zeros(4),
            ages=zeros(6),
            terms=zeros(6),
            outages=zeros(),
            server_us=zeros(),
            fragments=zeros(6),
            completion=zeros() + 1,
            energy=zeros() + 1,
            latency=zeros() + 1,
            device_uncharged_j=zeros(settings.devices),
        )


def add(settings: Settings, accounts: Accounts, interval: Interval) -> Tensor:
    """Adds an interval.

    Returns:
        Rewards [B, N].
    """
    s, of = settings, accounts
    of.ticks += 1
    ended = interval.outcome > UNRESOLVED
    completed = interval.outcome == COMPLETED
    ended_count, completed_count = ended.sum(2).float(), completed.sum(2).float()
    of.device_ended += ended_count
    of.device_completed += completed_count
    flat = (interval.outcome * 2 + interval.premium).flatten(1)
    of.outcomes.view(len(of.arrived), -1).scatter_add_(1, flat, torch.ones_like(flat, dtype=torch.float64))
    latency = interval.latency_us.masked_fill(~completed, 0.0).flatten(1)
    premium = (latency * interval.premium.flatten(1)).sum(1)
    of.latency_us += torch.stack([latency.sum(1) - premium, premium], 1)
    width = s.deadlineMax / LATENCY_BINS
    bins = (interval.latency_us / width).clamp(0, LATENCY_BINS - 1).long().flatten(1)
    of.latencies.scatter_add_(1, bins, completed.flatten(1).double())
    energy = torch.stack(
        [interval.transmit_j, interval.receive_j, interval.idle_j, interval.compute_j], 1
    ).sum(2)
    of.joules += energy
    mean_age = interval.age_ticks.mean(1).double()
    of.ages += torch.stack(
        [
            mean_age,
            *interval.class_age_ticks.mean(1).double().unbind(1),
            interval.receipt_age_ticks.mean(1).double(),
            interval.peak_sum_ticks.sum(1).double(),
            interval.peaks.sum(1).double(),
        ],
        1,
    )
    of.outages += interval.outages.float().mean(1)
    of.server_us += interval.server_us
    of.fragments += interval.fragments
    return _reward(settings, accounts, interval, ended_count, completed_count, mean_age)


def _reward(
    settings: Settings,
    accounts: Accounts,
    interval: Interval,
    ended: Tensor,
    completed: Tensor,
    mean_age: Tensor,
) -> Tensor:
    s, of = settings, accounts
    share_left = 1 - interval.latency_us / interval.deadline_us
    left = share_left.masked_fill(interval.outcome != COMPLETED, 0.0).sum(2)
    utilisation = interval.server_us.double() / s.tick
    count = ended.sum(1).double()
    some = count > 0
    own_j = of.device_uncharged_j + interval.above_idle_j
    of.device_uncharged_j = torch.where(some[:, None], 0.0, own_j)
    of.completion = torch.where(some, completed.sum(1) / count, of.completion)
    energy = s.energyReference / (s.energyReference + own_j.sum(1) / count)
    of.energy = torch.where(some, energy, of.energy)
    of.latency = torch.where(some, left.sum(1) / count, of.latency)
    age = (1 - mean_age / s.ageReference).clamp(min=0)
    team = _SCALE * (
        s.rewardCompletion * of.completion
        + s.rewardEnergy * of.energy
        + s.rewardAge * age
        + s.rewardLatency * of.latency
        + s.rewardUtilisation * utilisation
    )
    if s.reward == "team":
        rewards = team.float()[:, None].expand(-1, s.devices)
    else:
        scale = torch.where(some, s.devices / count.clamp(min=1), 0.0)[:, None]
        task_j = (own_j.sum(1) / count.clamp(min=1))[:, None]
        slope = -s.energyReference / (s.energyReference + task_j) ** 2
        in_reach = (mean_age < s.ageReference)[:, None]
        rewards = (
            _SCALE
            * (
                s.rewardCompletion
                * (of.completion[:, None] + scale * (completed - of.completion[:, None] * ended))
                + s.rewardEnergy * (of.energy[:, None] + scale * slope * (own_j - task_j * ended))
                + s.rewardAge * torch.where(in_reach, 1 - interval.age_ticks / s.ageReference, 0.0)
                + s.rewardLatency * (of.latency[:, None] + scale * (left - of.latency[:, None] * ended))
                + s.rewardUtilisation * utilisation[:, None]
            )
        ).float()
    of.terms += torch.stack(
        [of.completion, of.energy, age, of.latency, utilisation, rewards.mean(1).double()], 1
    )
    return rewards


def metrics(
    settings: Settings, accounts: Accounts, unresolved: Tensor, on_sent: Tensor, on_received: Tensor
) -> dict[str, Tensor]:
    """Metrics of the episode so far, [B] each, NaN if there is nothing to measure.

    Args:
        settings: The scenario.
        accounts: Accounts of the episode.
        unresolved: Tasks that arrived and have not ended, [B].
        on_sent: Fragments of these tasks, [B].
        on_received: Those of them that their servers have received, [B].
    """
    s, of, ticks = settings, accounts, accounts.ticks
    nan = torch.full_like(of.arrived, math.nan)
    levels = of.outcomes.clone()
    levels[:, UNRESOLVED] = 0
    ended, completed = levels.sum(1), levels[:, COMPLETED]
    by_cause = levels.sum(2)
    all_completed, all_ended = completed.sum(1), ended.sum(1)

    def over(numerator: Tensor, denominator: Tensor | float) -> Tensor:
        denominator = torch.as_tensor(denominator, dtype=torch.float64, device=numerator.device)
        return torch.where(denominator == 0, math.nan, numerator / denominator)

    ratio = over(completed, ended)
    transmit, receive, idle, compute = of.joules.unbind(1)
    active = transmit + receive + compute
    age, standard_age, premium_age, receipt_age, peak_sum, peaks = of.ages.unbind(1)
    rank = (0.95 * all_completed).ceil()[:, None]
    bin_index = (of.latencies.cumsum(1) < rank).sum(1)
    p95 = torch.where(all_completed > 0, (bin_index + 0.5) * s.deadlineMax / LATENCY_BINS * 1e-6, nan)
    had = of.device_ended > 0
    device_ratio = torch.where(had, of.device_completed / of.device_ended, 0.0).double()
    lowest = torch.where(had, device_ratio, math.inf).amin(1)
    highest = device_ratio.amax(1)
    some = had.any(1)
    sent, received, lost, expired, retries, unanswered = of.fragments.unbind(1)
    zero = torch.zeros_like(nan)
    return {
        "completion_ratio": over(all_completed, all_ended),
        "latency_mean_s": over(of.latency_us.sum(1) * 1e-6, all_completed),
        "latency_p95_s": p95,
        "energy_efficiency_tasks_per_j": over(all_completed, active + idle),
        "energy_efficiency_without_idle_tasks_per_j": over(all_completed, active),
        "aoi_mean_ticks": over(age, ticks),
        "aoi_mean_s": over(age, ticks) * s.tick * 1e-6,
        "peak_aoi_ticks": over(peak_sum, peaks),
        "jain_devices": torch.where(some, _jain(device_ratio, had), nan),
        "min_max_devices_ratio": torch.where(some, torch.where(highest == 0, 1.0, lowest / highest), nan),
        "completion_ratio_premium": ratio[:, 1],
        "completion_ratio_standard": ratio[:, 0],
        "jain_classes": torch.where(
            (ended > 0).any(1), _jain(torch.where(ended > 0, ratio, 0.0), ended > 0), nan
        ),
        "reward_mean": over(of.terms[:, 5], ticks),
        "reward_completion_term": over(of.terms[:, 0], ticks),
        "reward_energy_term": over(of.terms[:, 1], ticks),
        "reward_age_term": over(of.terms[:, 2], ticks),
        "reward_latency_term": over(of.terms[:, 3], ticks),
        "reward_utilisation_term": over(of.terms[:, 4], ticks),
        "tasks_arrived": of.arrived,
        "tasks_completed": all_completed,
        "tasks_failed": all_ended - all_completed,
        "tasks_unresolved": unresolved.double(),
        "failed_local_late": by_cause[:, LOCAL_LATE],
        "failed_uplink_late": by_cause[:, UPLINK_LOST] + by_cause[:, UPLINK_EXPIRED],
        "failed_queue_expired": by_cause[:, QUEUE_EXPIRED],
        "failed_compute_late": by_cause[:, COMPUTE_LATE],
        "failed_result_late": by_cause[:, RESULT_LATE],
        "energy_transmit_j": transmit,
        "energy_receive_j": receive,
        "energy_idle_j": idle,
        "energy_compute_j": compute,
        "server_utilisation": over(of.server_us, ticks * s.tick),
        "fragments_sent": sent + on_sent,
        "fragments_received": received + on_received,
        "failed_uplink_lost": by_cause[:, UPLINK_LOST],
        "failed_uplink_expired": by_cause[:, UPLINK_EXPIRED],
        "failed_server_failed": zero,
        "failed_device_dead": zero,
        "latency_mean_premium_s": over(of.latency_us[:, 1] * 1e-6, completed[:, 1]),
        "latency_mean_standard_s": over(of.latency_us[:, 0] * 1e-6, completed[:, 0]),
        "aoi_mean_premium_ticks": over(premium_age, ticks),
        "aoi_mean_standard_ticks": over(standard_age, ticks),
        "aoi_receipt_mean_ticks": over(receipt_age, ticks),
        "fragments_refused": zero,
        "fragments_lost": lost,
        "fragments_expired": expired,
        "fragments_on_the_way": on_sent - on_received,
        "retries_best_effort": retries,
        "retries_video": zero,
        "unanswered_best_effort": unanswered,
        "unanswered_video": zero,
        "server_jobs_dropped": zero,
        "devices_alive": torch.full_like(nan, s.devices),
        "first_death_s": nan,
        "outage_probability": over(of.outages, ticks),
    }


def _jain(values: Tensor, counts: Tensor) -> Tensor:
    """Jain's index (1984) of the counted values, 1 if all are 0; [B, n] -> [B]."""
    total, squares = values.sum(1), values.square().sum(1)
    return torch.where(squares == 0, 1.0, total.square() / (counts.sum(1) * squares))
