# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``kernels/contention.h`` as tensor operations, to test it: CSMA/CA frame by frame, for every channel of every environment at once.

A row is one channel of one environment, a column one task on it. A column's transmitter is the task's device while the task
is uploaded, and its server once the result goes back. Each pass over the rows takes the next event of each: a frame begins (whom it
disturbs), its preamble is over (who receives it, or senses its energy, and waits), or it ends (what arrived, acknowledgement, next
backoff). Rows of an environment share its servers (``ServerQueues``), so none runs ahead of the slowest by more than
``LOOKAHEAD_US``. Servers broadcast nothing, as with ``--csi=genie``.

Modelled: AIFS, slots, binary exponential backoff, A-MPDUs with block acknowledgement, block-ack requests after a missed one,
stations that do not hear each other, receivers that are busy with another frame or transmit, loss of those fragments that
frames or acknowledgements overlap. Times are microseconds from the beginning of the tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import radio
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.tasks import (
    ASKS,
    BITS,
    BLOCKED,
    COMPUTE_END,
    COMPUTE_START,
    COUNT,
    CYCLES,
    DEADLINE,
    DEVICE,
    DEVICE_AIR,
    DONE,
    DOWNLINK,
    DROPPED,
    EXPIRY,
    LEFT,
    LIMIT,
    LOST,
    MIDPOINT,
    NDBPS,
    ON_AIR,
    POWER,
    RANK,
    REPLY,
    REQUEST,
    RESULT,
    RETRIES,
    SERVER,
    SNR_DOWN,
    SNR_UP,
    START,
    TOTAL,
    UNANSWERED,
    UPLINK,
    UPLINK_END,
    WAITING,
)

INF = math.inf
LOOKAHEAD_US = 3000.0
BACKOFF_STAGES = 7
"""The window starts anew after the eighth failure."""


@dataclass
class Columns:
    """All tasks of R rows x M columns. ``fixed`` and ``changing`` are [R*M, …], the rest [R, M]."""

    fixed: Tensor  #: float32 [R*M, FIXED]
    changing: Tensor  #: float32 [R*M, CHANGING]
    phase: Tensor  #: int8
    next: Tensor  #: next transmission, inf: none
    quiet: Tensor  #: until when the transmitter senses the channel busy
    ready: Tensor  #: when the frames of this phase are at the transmitter
    slots: Tensor  #: backoff that is left
    end: Tensor  #: of the frame on the air, inf: none
    sender: Tensor  #: int64, entity that transmits: device i or N + server
    receiver: Tensor  #: int64
    power: Tensor  #: dBm
    random: Tensor  #: int64 [R*M], a generator for each column


class ServerQueues:
    """K servers of B environments.

    Args:
        settings: Discipline and weights.
        rate: Cycles per microsecond, [B, K].
        free: When each has nothing left to do, [B, K] us; changed in place.
    """

    def __init__(self, settings: Settings, rate: Tensor, free: Tensor) -> None:
        self.settings, self.rate = settings, rate
        self.count = rate.shape[1]
        self.free = free.view(-1)

    def next(
        self,
        environment: Tensor,
        server: Tensor,
        arrival: Tensor,
        expiry: Tensor,
        cycles: Tensor,
        deadline: Tensor,
        rank: Tensor,
        known: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Each server's next job, if all that could come before it is known.

        A server that becomes free takes the waiting job of earliest expiry, or of highest priority. A job that expires while it waits is dropped,
        one that expires while it runs is stopped then.

        Args:
            environment: Of each waiting job, [w].
            server: In its environment.
            arrival: When it was complete at the server.
            expiry: When it is worth nothing any more.
            cycles: Its work.
            deadline: From the task's arrival to its expiry.
            rank: The part of the priority that does not change, for the discipline ``priority``.
            known: Before this time every arrival at the environment's servers is known.

        Returns:
            Indices of jobs that begin; indices of jobs that are dropped; start and end of each of the w jobs, where they mean
            something. An end at the expiry is a job that was stopped.
        """
        at = environment * self.count + server
        first = torch.full_like(self.free, INF).scatter_reduce_(0, at, arrival, "amin")
        start = torch.maximum(self.free, first)[at]
        decided = start <= known
        late = decided & (expiry <= start)
        candidate = decided & ~late & (arrival <= start)
        order = expiry
        if self.settings.discipline == "priority":
            left = ((expiry - start) / deadline).clamp(0, 1)
            order = -(self.settings.alpha * (1 - left) + rank)
        key = torch.where(candidate, order, INF)
        best = torch.full_like(self.free, INF).scatter_reduce_(0, at, key, "amin")[at]
        begins = (candidate & (order == best)).nonzero().squeeze(1)
        end = torch.minimum(start + cycles / self.rate.view(-1)[at], expiry)
        self.free[at[begins]] = end[begins]
        return begins, late.nonzero().squeeze(1), start, end


class _Transmissions(NamedTuple):
    """Frames or acknowledgements, at most one in a row: entities that send them, power dBm, times, [n] each."""

    rows: Tensor
    sender: Tensor
    power: Tensor
    begin: Tensor
    end: Tensor


class Channels:
    """The events of one tick.

    Args:
        columns: Tasks, changed in place.
        gain: SNR at 0 dBm between entities, [B, N + K, N + K] dB, with a large diagonal.
        channels: C; row r belongs to environment r // C.
        servers: The computers behind the server radios.
        failures: Consecutive transmissions of each radio that were not acknowledged, [R, N + K]; changed in place.
        calibration: Free constants.
    """

    def __init__(
        self,
        columns: Columns,
        gain: Tensor,
        channels: int,
        servers: ServerQueues,
        failures: Tensor,
        calibration: Calibration,
    ) -> None:
        self.devices = gain.shape[-1] - servers.count
        self.columns, self.servers, self.calibration = columns, servers, calibration
        self.gain, self.entities, self.channels = gain.reshape(-1), gain.shape[-1], channels
        self.rows, self.width = columns.next.shape
        self.result_us = radio.result_air_time()
        self.ack_us = radio.legacy_air_time(radio.ACK_BYTES, 6)
        device = columns.next.device
        self.environment = torch.arange(self.rows, device=device) // channels
        self.aifs = radio.AIFS_US + calibration.access_us
        self.failures = failures
        #: Time in which each entity receives frames, and senses its own or others', [R, N + K] us; the end of the last of them.
        self.received, self.busy, self.received_until, self.busy_until = torch.zeros(
            4, self.rows, self.entities, device=device
        ).unbind(0)
        #: The next event of each frame on the air, when stations notice it or its end; those of the tick before were noticed.
        self.due = columns.end.clone()
        blocked = columns.changing[:, BLOCKED].view(self.rows, self.width) == 1
        on_air = columns.end.masked_fill(columns.end == INF, 0.0)
        self.received_until.scatter_reduce_(1, columns.sender, on_air, "amax")
        self.received_until.scatter_reduce_(1, columns.receiver, on_air.masked_fill(blocked, 0.0), "amax")

    def run(self, horizon: float) -> int:
        """All events before the horizon [us].

        Returns:
            The number of passes.
        """
        passes = 0
        columns = self.columns
        live = torch.arange(self.rows, device=columns.next.device)
        while True:
            dues, going_on = self.due[live].min(1)
            nexts, starting = columns.next[live].min(1)
            event = torch.minimum(dues, nexts)
            earliest = event.view(-1, self.channels).amin(1)
            waiting = (columns.phase[live] == WAITING).view(len(earliest), -1)
            if passes % 4 == 0:
                going = (earliest < horizon) | waiting.any(1)
                if passes and not bool(going.all()):
                    keep = going.repeat_interleave(self.channels)
                    live, dues, going_on, nexts, starting, event = (
                        t[keep] for t in (live, dues, going_on, nexts, starting, event)
                    )
                    earliest, waiting = earliest[going], waiting[going]
            if not len(live):
                break
            started = self._serve(live, waiting, earliest.clamp(max=horizon))
            allowed = (event < horizon) & (
                event <= (earliest + LOOKAHEAD_US).repeat_interleave(self.channels)
            )
            begins = nexts < dues
            ends = dues == columns.end[live].gather(1, going_on[:, None])[:, 0]
            going_on += live * self.width
            begun, noticed, done = (
                (allowed & kind).nonzero().squeeze(1) for kind in (begins, ~begins & ~ends, ~begins & ends)
            )
            if len(noticed):
                self._notice(going_on[noticed], dues[noticed])
            if len(done):
                self._conclude(going_on[done], dues[done])
            if len(begun):
                self._begin(live[begun], starting[begun], nexts[begun], horizon)
            elif not len(done) and not len(noticed) and not started:
                break
            passes += 1
        return passes

    # ------------------------------------------------------------------------------------------------ a frame is noticed

    def _notice(self, at: Tensor, now: Tensor) -> None:
        """The preambles of the frames of the columns ``at`` [n] of R*M are over: stations receive or sense them, and wait."""
        c = self.columns
        rows, end = at // self.width, c.end.view(-1)[at]
        frames = _Transmissions(rows, c.sender.view(-1)[at], c.power.view(-1)[at], c.changing[at, START], end)
        received = self._hear(at, frames)
        c.changing[at, BLOCKED] = (~received.gather(1, c.receiver.view(-1)[at][:, None])[:, 0]).float()
        up = c.phase.view(-1)[at] == UPLINK
        reply = torch.where(up, c.fixed[at, REPLY], radio.SIFS_US + self.ack_us)
        self._defer(frames, now, end + reply)
        self.due.view(-1)[at] = end

    # ------------------------------------------------------------------------------------------------------ a frame ends

    def _conclude(self, at: Tensor, end: Tensor) -> None:
        """Frames of the columns ``at`` [n] of R*M end at ``end``."""
        c, calibration = self.columns, self.calibration
        fixed, record = c.fixed[at], c.changing[at]
        up = c.phase.view(-1)[at] == UPLINK
        data = up & (record[:, COUNT] > 0)
        snr = torch.where(up, fixed[:, SNR_UP], fixed[:, SNR_DOWN])
        midpoint = torch.where(data, fixed[:, MIDPOINT], calibration.detection_db - 2)
        first, second = self._uniform(at), self._uniform(at)
        clean = radio.success(snr, midpoint, calibration)
        possible = (record[:, BLOCKED] == 0) & (snr >= calibration.detection_db)
        left = (record[:, COUNT].clamp(min=1) - record[:, LOST]).clamp(min=0)
        good = torch.where(possible & data, (left * clean + first).floor(), 0.0)
        whole = possible & ~data & (first < left * clean)
        answered = torch.where(data, good >= 1, whole)
        record[:, LEFT] -= torch.where(end <= fixed[:, EXPIRY], good, 0.0)  # later ones are ignored
        record[:, UNANSWERED] += (data & ~answered).float()
        rows, sender, receiver = at // self.width, c.sender.view(-1)[at], c.receiver.view(-1)[at]
        fails = torch.where(answered, 0.0, self.failures[rows, sender] + 1)
        self.failures[rows, sender] = fails
        record[:, ASKS] = (up & ~answered).float()
        uploaded = up & (record[:, LEFT] < 0.5) & (end <= fixed[:, EXPIRY])
        returned = ~up & answered
        record[:, UPLINK_END] = torch.where(uploaded, end, record[:, UPLINK_END])
        record[:, RESULT] = torch.where(returned, end, record[:, RESULT])
        record[:, DEVICE_AIR] += torch.where(returned, self.ack_us, 0.0)
        reply = torch.where(up, fixed[:, REPLY], radio.SIFS_US + self.ack_us)
        before = c.quiet.view(-1)[at]
        quiet = torch.maximum(before, end + torch.where(answered, reply, calibration.collision_us))
        power = torch.where(up, radio.MAX_POWER_DBM, fixed[:, POWER])
        replies = _Transmissions(rows, receiver, power, end + radio.SIFS_US, end + reply)
        heard = answered.nonzero().squeeze(1)
        if len(heard):
            self._acknowledge(at[heard], _Transmissions(*(part[heard] for part in replies)))
        slots = self._backoff(fails, second)
        following = quiet + self.aifs + slots * radio.SLOT_US
        hopeless = snr < calibration.detection_db
        over = uploaded | returned | (record[:, LEFT] < 0.5) & up | hopeless | (following >= fixed[:, EXPIRY])
        self._charge_requests(record, fixed, end, hopeless & up)
        c.changing[at] = record
        c.end.view(-1)[at] = INF
        self.due.view(-1)[at] = INF
        # A radio has one backoff, also for what else it has to send.
        waiting = (c.sender[rows] == sender[:, None]) & (c.next[rows] < INF) & (c.ready[rows] <= end[:, None])
        shared = slots[:, None].expand_as(waiting)
        later = torch.maximum(c.quiet[rows], quiet[:, None]) + self.aifs + shared * radio.SLOT_US
        c.slots[rows] = torch.where(waiting, shared, c.slots[rows])
        c.next[rows] = torch.where(waiting, later, c.next[rows])
        c.quiet.view(-1)[at] = quiet
        c.slots.view(-1)[at] = slots
        c.next.view(-1)[at] = torch.where(over, INF, following)
        phase = c.phase.view(-1)
        phase[at] = torch.where(uploaded, WAITING, torch.where(returned, DONE, phase[at].long())).to(
            torch.int8
        )
        done = uploaded.nonzero().squeeze(1)
        if len(done):
            moved = at[done]
            c.sender.view(-1)[moved] = self.devices + fixed[done, SERVER].long()
            c.receiver.view(-1)[moved] = fixed[done, DEVICE].long()
            c.power.view(-1)[moved] = radio.MAX_POWER_DBM

    def _acknowledge(self, at: Tensor, replies: _Transmissions) -> None:
        """Frames of the columns ``at`` [n] are acknowledged: who hears that and waits, and which frames it disturbs."""
        self._occupy(replies)
        self._hear(at, replies)
        self._defer(replies, replies.begin + self.calibration.sync_us, replies.end)
        self._hold(replies, replies.end)
        self._disturb(at, replies)

    def _charge_requests(self, record: Tensor, fixed: Tensor, end: Tensor, hopeless: Tensor) -> None:
        """A device whose frames its server cannot make out goes on with block-ack requests to the deadline.

        They are short and bring nothing, so only their air time is counted: eight for each cycle of windows.
        """
        windows = [16 * 2**i for i in range(BACKOFF_STAGES)] + [1024]
        cycle_us = (
            sum((w - 1) / 2 * radio.SLOT_US + self.aifs + self.calibration.collision_us for w in windows)
            + 8 * fixed[:, REQUEST]
        )
        requests = ((fixed[:, EXPIRY] - end).clamp(min=0) / cycle_us * len(windows)).floor()
        record[:, DEVICE_AIR] += torch.where(hopeless, requests * fixed[:, REQUEST], 0.0)

    def _backoff(self, fails: Tensor, uniform: Tensor) -> Tensor:
        """Slots: uniform over a window that doubles from 16 to 1024."""
        window = (16.0 * torch.exp2(fails.remainder(BACKOFF_STAGES + 1))).clamp_(max=1024.0)
        return (uniform * window).floor_()

    def _uniform(self, at: Tensor) -> Tensor:
        """The next number in [0, 1) of each column's own generator (a 32-bit linear congruential one, its upper 24 bits)."""
        state = (self.columns.random[at] * 1664525 + 1013904223) & 0xFFFFFFFF
        self.columns.random[at] = state
        return (state >> 8).float() * 2.0**-24

    # ---------------------------------------------------------------------------------------------------- a frame begins

    def _begin(self, rows: Tensor, column: Tensor, now: Tensor, horizon: float) -> None:
        """In each of ``rows`` [n] the transmission of ``column`` [n] begins at ``now`` [n]."""
        c, calibration = self.columns, self.calibration
        at = rows * self.width + column
        fixed, record = c.fixed[at], c.changing[at]
        late = now >= fixed[:, EXPIRY]
        if bool(late.any()):
            c.next.view(-1)[at[late]] = INF
            on = (~late).nonzero().squeeze(1)
            if not len(on):
                return
            rows, column, now, at, fixed, record = (t[on] for t in (rows, column, now, at, fixed, record))
        up = c.phase.view(-1)[at] == UPLINK
        yields = self._yield(rows, at, now, record[:, ASKS] == 0)
        if bool(yields.any()):
            on = (~yields).nonzero().squeeze(1)
            rows, column, now, at, fixed, record, up = (
                t[on] for t in (rows, column, now, at, fixed, record, up)
            )
            if not len(on):
                return
        data = up & (record[:, ASKS] == 0)
        count = torch.where(data, torch.minimum(record[:, LEFT], fixed[:, LIMIT]), 0.0)
        lasts = radio.air_time(count * fixed[:, BITS], fixed[:, NDBPS])
        lasts = torch.where(data, lasts, torch.where(up, fixed[:, REQUEST], self.result_us))
        end = now + lasts
        free = end + torch.where(up, fixed[:, REPLY], radio.SIFS_US + self.ack_us)

        first = (fixed[:, TOTAL] - record[:, LEFT] + count).clamp(max=fixed[:, TOTAL].max())
        fresh_count = torch.where(data, (first - record[:, ON_AIR]).clamp(min=0), 0.0)
        record[:, ON_AIR] += fresh_count
        record[:, RETRIES] += count - fresh_count
        record[:, START], record[:, COUNT] = now, count
        record[:, DEVICE_AIR] += torch.where(up, lasts, 0.0)
        frames = _Transmissions(rows, c.sender.view(-1)[at], c.power.view(-1)[at], now, end)
        self._disturb(at, frames)
        level = self._levels(rows, c.sender[rows], c.receiver.view(-1)[at][:, None]) + c.power[rows]
        overlap = torch.minimum(c.end[rows], end[:, None])
        lost = self._lost(
            record[:, None], fixed[:, None], up[:, None], level, now[:, None], overlap, end[:, None]
        )
        record[:, LOST] = torch.where(c.end[rows] < INF, lost, 0.0).sum(1)
        c.changing[at] = record
        c.next.view(-1)[at] = INF
        c.end.view(-1)[at] = end
        self._occupy(frames)
        self._hold(frames, free)
        noticed = now + calibration.sync_us
        self.due.view(-1)[at] = torch.where(noticed < horizon, noticed, now)

    def _levels(self, rows: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        """SNR of transmissions at 0 dBm between entities of the ``rows`` [n], dB; sender and receiver are [n, …]."""
        base = (self.environment[rows] * self.entities)[:, None]
        return self.gain[(base + sender) * self.entities + receiver]

    def _occupy(self, new: _Transmissions) -> None:
        """Radios begin to transmit."""
        radios = new.rows, new.sender
        until = self.busy_until[radios]
        self.busy[radios] += new.end - torch.maximum(new.begin, torch.minimum(until, new.end))
        self.busy_until[radios] = torch.maximum(until, new.end)
        self.received_until[radios] = new.end

    def _hear(self, at: Tensor, new: _Transmissions) -> Tensor:
        """Who receives and who senses the transmissions of columns ``at`` [n], or their acknowledgements.

        Returns:
            Which entities receive them: those that make them out, and neither received nor transmitted when they began; [n, N + K].
        """
        c, calibration, rows = self.columns, self.calibration, new.rows
        entity = torch.arange(self.entities, device=rows.device)
        level = self._levels(rows, new.sender[:, None], entity) + new.power[:, None]
        others = self._levels(rows, c.sender[rows], entity[:, None, None]).permute(1, 2, 0)
        on_air = (c.end[rows] < INF).scatter(1, (at % self.width)[:, None], False)
        powers = torch.pow(10.0, (others + c.power[rows][..., None]) / 10)
        noise = 1 + (powers * on_air[..., None]).sum(1)
        begin, end = new.begin[:, None], new.end[:, None]
        until = self.received_until[rows]
        audible = (level >= calibration.detection_db) & (entity != new.sender[:, None])
        received = audible & (until <= begin) & (level - 10 * noise.log10() >= calibration.detection_db)
        self.received[rows] += received * (end - begin)
        self.received_until[rows] = torch.where(received, end, until)
        until = self.busy_until[rows]
        sensed = (received | (audible & (level >= calibration.energy_db))) & (until < end)
        self.busy[rows] += sensed * (end - torch.maximum(begin, until))
        self.busy_until[rows] = torch.where(sensed, end, until)
        return received

    def _defer(self, new: _Transmissions, now: Tensor, free: Tensor) -> None:
        """Stations learn at ``now`` of transmissions: those that receive them wait until ``free``, those that sense them until the end."""
        senders = self.columns.sender[new.rows]
        receives = self.received_until[new.rows].gather(1, senders) == new.end[:, None]
        receives &= self.columns.end[new.rows] == INF  # not a frame of their own that ends at the same time
        level = self._levels(new.rows, new.sender[:, None], senders) + new.power[:, None]
        hears = (receives | (level >= self.calibration.energy_db)) & (senders != new.sender[:, None])
        self._wait(new.rows, hears, now, torch.where(receives, free[:, None], new.end[:, None]), False)

    def _hold(self, new: _Transmissions, free: Tensor) -> None:
        """What else the transmitters have to send waits until ``free``."""
        own = (self.columns.sender[new.rows] == new.sender[:, None]) & (self.columns.end[new.rows] == INF)
        self._wait(new.rows, own, new.begin, free[:, None], True)

    def _wait(self, rows: Tensor, hears: Tensor, now: Tensor, until: Tensor, own: bool) -> None:
        """Columns that hear at ``now`` that the channel is busy go on with their backoff after ``until``.

        Others' frames that have begun by now are on their way already.
        """
        c, t = self.columns, now[:, None]
        nexts, slots, ready = c.next[rows], c.slots[rows], c.ready[rows]
        later = torch.where(hears, torch.maximum(c.quiet[rows], until), c.quiet[rows])
        waits = hears & (nexts < INF) & (own | (nexts > t))
        left = torch.minimum(slots, ((nexts - t).clamp(min=0) / radio.SLOT_US).ceil())
        left = torch.where(waits & (ready <= t), left, slots)
        fresh = ((ready - later - self.aifs) / radio.SLOT_US).clamp_(min=0).ceil_()
        following = later + self.aifs + torch.where(ready < later, left, fresh) * radio.SLOT_US
        c.next[rows] = torch.where(waits, following, nexts)
        c.quiet[rows], c.slots[rows] = later, left

    def _yield(self, rows: Tensor, at: Tensor, now: Tensor, data: Tensor) -> Tensor:
        """Frames wait for earlier ones of the same transmitter, and data of a device while a block-ack request of its own is unanswered.

        Returns:
            Which of the columns ``at`` [n] wait.
        """
        c = self.columns
        every = rows[:, None] * self.width + torch.arange(self.width, device=rows.device)
        expiry = c.fixed[every][..., EXPIRY]
        asks = (
            (c.sender[rows] == c.sender.view(-1)[at][:, None])
            & (c.phase[rows] == c.phase.view(-1)[at][:, None])
            & ((c.changing[every][..., ASKS] == 1) | (c.ready[rows] < c.ready.view(-1)[at][:, None]))
            & (expiry > now[:, None])
            & ((c.phase[rows] == UPLINK) | (c.next[rows] < INF) | (c.end[rows] < INF))
        )
        yields = data & asks.any(1)
        first = asks.int().argmax(1, keepdim=True)
        following, end = c.next[rows].gather(1, first)[:, 0], c.end[rows].gather(1, first)[:, 0]
        later = torch.where(end < INF, end, expiry.gather(1, first)[:, 0]) + self.aifs
        later = torch.where(following < INF, torch.maximum(following, now) + radio.SLOT_US, later)
        c.next.view(-1)[at[yields]] = later[yields]
        return yields

    def _disturb(self, at: Tensor, new: _Transmissions) -> None:
        """What transmissions of columns ``at`` [n], or their acknowledgements, cost the other frames on the air."""
        c, rows = self.columns, new.rows
        ends, begin = c.end[rows], new.begin[:, None]
        disturbed = (ends < INF) & (ends > begin)
        disturbed.scatter_(1, (at % self.width)[:, None], False)
        every = rows[:, None] * self.width + torch.arange(self.width, device=rows.device)
        record = c.changing[every]
        level = self._levels(rows, new.sender[:, None], c.receiver[rows]) + new.power[:, None]
        until = torch.minimum(ends, new.end[:, None])
        lost = self._lost(record, c.fixed[every], c.phase[rows] == UPLINK, level, begin, until, ends)
        record[..., LOST] += torch.where(disturbed, lost, 0.0)
        c.changing[every] = record

    def _lost(
        self,
        record: Tensor,
        fixed: Tensor,
        up: Tensor,
        level: Tensor,
        begin: Tensor,
        until: Tensor,
        end: Tensor,
    ) -> Tensor:
        """Fragments that interference of this level is expected to cost frames that last until ``end``."""
        calibration = self.calibration
        noise = calibration.hidden_factor * torch.pow(10.0, level / 10)
        snr = torch.where(up, fixed[..., SNR_UP], fixed[..., SNR_DOWN])
        data = up & (record[..., COUNT] > 0)
        midpoint = torch.where(data, fixed[..., MIDPOINT], calibration.detection_db - 2)
        clean = radio.success(snr, midpoint, calibration)
        disturbed = radio.success(snr - 10 * (1 + noise).log10(), midpoint, calibration)
        each = (end - record[..., START]) / record[..., COUNT].clamp(min=1)
        hit = ((until - record[..., START]) / each).ceil() - ((begin - record[..., START]) / each).floor()
        return torch.where((noise > 0.05) & (clean > 0), hit * (1 - disturbed / clean), 0.0)

    # ------------------------------------------------------------------------------------------------------- the servers

    def _serve(self, live: Tensor, waiting: Tensor, until: Tensor) -> bool:
        """Servers begin what they can know to be next: no upload can end before ``until`` [environments of live]."""
        place = waiting.view(len(live), -1).nonzero()
        if not len(place):
            return False
        c = self.columns
        rows = live[place[:, 0]]
        at = rows * self.width + place[:, 1]
        fixed, record = c.fixed[at], c.changing[at]
        known = until[place[:, 0] // self.channels]
        begins, dropped, start, end = self.servers.next(
            self.environment[rows],
            fixed[:, SERVER].long(),
            record[:, UPLINK_END],
            fixed[:, EXPIRY],
            fixed[:, CYCLES],
            fixed[:, DEADLINE],
            fixed[:, RANK],
            known,
        )
        phase = c.phase.view(-1)
        phase[at[dropped]] = DROPPED
        if not len(begins):
            return bool(len(dropped))
        at, start, end, record = at[begins], start[begins], end[begins], record[begins]
        record[:, COMPUTE_START] = start
        intime = end < fixed[begins, EXPIRY]
        record[:, COMPUTE_END] = torch.where(intime, end, INF)
        record[:, ASKS] = 0.0
        phase[at] = torch.where(intime, DOWNLINK, DROPPED).to(torch.int8)
        c.changing[at] = record
        ready = end + self.calibration.downlink_us
        quiet = c.quiet.view(-1)[at]
        slots = self._backoff(self.failures[at // self.width, c.sender.view(-1)[at]], self._uniform(at))
        fresh = ((ready - quiet - self.aifs) / radio.SLOT_US).clamp(min=0).ceil()
        following = quiet + self.aifs + torch.where(ready < quiet, slots, fresh) * radio.SLOT_US
        c.ready.view(-1)[at] = ready
        c.slots.view(-1)[at] = slots
        c.next.view(-1)[at] = torch.where(intime, following, INF)
        return True
