// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/world.h"

#include "ns3/abort.h"
#include "ns3/config.h"
#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"

#include <utility>

#include "scenarios/edge-cloud/streams.h"

namespace ns3::marl::edge_cloud
{

namespace
{

const Time START = MilliSeconds(100);
const Time STATUS_LEAD = MilliSeconds(5);
const Time REPORT_LEAD = MilliSeconds(10);

} // namespace

World::World(const Settings& settings, EndedCallback ended)
    : m_settings(settings),
      m_ended(std::move(ended))
{
}

void
World::Build()
{
    CreateNetwork();
    m_ledger = CreateObject<TaskLedger>([this](const Task& task) { NoteEnd(task); });
    CreateCloud();
    m_gateways.resize(m_settings.gateways);
    m_marks.resize(m_settings.gateways);
    for (uint32_t index = 0; index < m_settings.gateways; index++)
    {
        CreateGateway(index);
    }
    m_devices.resize(m_settings.devices);
    for (uint32_t index = 0; index < m_settings.devices; index++)
    {
        CreateDevice(index);
    }
    Simulator::Schedule(START - REPORT_LEAD, &World::Report, this);
    Simulator::Schedule(START - STATUS_LEAD, &World::PrepareTick, this, 0);
}

Time
World::GetStart()
{
    return START;
}

void
World::CreateNetwork()
{
    const auto& placement = m_settings.placement;
    m_devicePlaces = placement.GetDevices(m_settings.devices, PLACEMENT_STREAM, DEVICE_STREAMS);
    m_network =
        std::make_unique<RadioNetwork>(m_settings.radio, m_devicePlaces, placement.GetServers(m_settings.gateways));
    m_network->AssignStreams(NETWORK_STREAM);
    m_network->GetPropagation().GetFading()->Start();

    std::vector<Ptr<Node>> nodes;
    for (uint32_t index = 0; index < m_settings.gateways; index++)
    {
        nodes.push_back(m_network->GetServer(index));
    }
    Backhaul::Callbacks callbacks;
    callbacks.job = [this](uint32_t gateway, const EdgeJob& job) {
        if (auto* journey = FindJourney(job.id))
        {
            journey->atCloud = Simulator::Now();
        }
        m_cloudJobs[job.id] = gateway;
        Simulator::Schedule(job.expiry - Simulator::Now(), [this, task = job.id] { m_cloudJobs.erase(task); });
        m_cloud->Submit(job);
    };
    callbacks.result = [this](uint32_t gateway, const EdgeJob& job) { Return(m_gateways[gateway], job); };
    callbacks.report = [this](uint32_t gateway, const ServerStatus& status) {
        m_gateways[gateway].cloud = {true, status, Simulator::Now()};
    };
    m_backhaul = std::make_unique<Backhaul>(m_settings.backhaul, nodes, std::move(callbacks));
    m_backhaul->AssignStreams(BACKHAUL_STREAM);
}

void
World::CreateCloud()
{
    m_cloud = CreateObject<EdgeServer>(m_settings.cloudRateHz, Discipline::DEADLINE, PriorityWeights{});
    m_backhaul->GetCloud()->AggregateObject(m_cloud);
    m_cloud->SetStartedCallback([this](uint32_t task) { m_ledger->Note(task, &Task::computeStart); });
    m_cloud->SetDoneCallback([this](const EdgeJob& job) {
        m_ledger->Note(job.id, &Task::computeEnd);
        if (const auto origin = m_cloudJobs.find(job.id);
            origin != m_cloudJobs.end()) // else it expires at this very moment
        {
            m_backhaul->SendResult(origin->second, job);
        }
    });
}

void
World::CreateGateway(uint32_t index)
{
    auto& gateway = m_gateways[index];
    gateway.index = index;
    gateway.channel = index % m_settings.radio.channels;
    gateway.place = m_settings.placement.GetServers(m_settings.gateways)[index];
    gateway.computer = CreateObject<EdgeServer>(m_settings.edgeRateMaxHz, Discipline::DEADLINE, PriorityWeights{});
    m_network->GetServer(index)->AggregateObject(gateway.computer);
    EdgeGateway::Callbacks callbacks;
    callbacks.fragment = [this](uint32_t task, bool accepted) { m_ledger->NoteFragment(task, accepted); };
    callbacks.received = [this](uint32_t task) { m_ledger->Note(task, &Task::uplinkEnd); };
    callbacks.dropped = [this](uint32_t task) { m_ledger->NoteServerFailure(task); };
    callbacks.place = [this, &gateway](const EdgeJob& job) { PlaceJob(gateway, job); };
    gateway.radio = std::make_unique<EdgeGateway>(*m_network, index, *gateway.computer, callbacks);
    gateway.computer->SetStartedCallback([this](uint32_t task) { m_ledger->Note(task, &Task::computeStart); });
    gateway.computer->SetDoneCallback([this, &gateway](const EdgeJob& job) {
        m_ledger->Note(job.id, &Task::computeEnd);
        Return(gateway, job);
    });
}

void
World::CreateDevice(uint32_t index)
{
    auto& device = m_devices[index];
    const int64_t stream = index * DEVICE_STREAMS;
    device.index = index;
    device.place = m_devicePlaces[index];
    device.source = std::make_unique<TaskSource>(m_settings.tasks);
    device.source->AssignStreams(stream + SOURCE_STREAM);
    device.churn = CreateObject<UniformRandomVariable>();
    device.churn->SetStream(stream + CHURN_STREAM);
    const auto rate = CreateObject<UniformRandomVariable>();
    rate->SetStream(stream + RATE_STREAM);
    device.cpu = CreateObject<ComputeNode>(rate->GetValue(m_settings.deviceRateMinHz, m_settings.deviceRateMaxHz),
                                           m_settings.deviceKappa);
    device.energy = CreateObject<EnergyMeter>(ModemPower{}, START);
    device.board = std::make_unique<StatusBoard>(m_settings.gateways, m_settings.radio.channels, STATUS_LEAD);
    device.age = AgeTracker(START);

    auto* const energy = PeekPointer(device.energy);
    auto* const board = device.board.get();
    OffloadClient::Callbacks callbacks;
    callbacks.result = [this](uint32_t task) { m_ledger->Note(task, &Task::resultTime); };
    callbacks.status = [board](const ServerStatus& status, double snrDb) {
        board->Enter(status, snrDb, Simulator::Now());
    };
    callbacks.snrDb = [board](uint32_t gateway) { return board->GetServer(gateway).snrDb; };
    callbacks.tuned = [energy](uint32_t channel) { energy->Tune(channel); };
    callbacks.onAir = [this](uint32_t task, uint32_t first, uint32_t again, const Time& duration) {
        m_ledger->NoteOnAir(task, first, again, duration);
    };
    device.client = std::make_unique<OffloadClient>(*m_network, index, true, std::move(callbacks));
    device.client->Tune(index % m_settings.radio.channels);
    for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
    {
        device.energy->Connect(channel, m_network->GetDeviceRadio(index, channel)->GetPhy());
    }
}

void
World::Report()
{
    const auto interval = m_cloud->TakeInterval();
    ServerStatus status;
    status.rateHz = m_cloud->GetRateHz();
    status.utilisation = interval.utilisation;
    status.meanWait = interval.meanWait;
    status.received = interval.received;
    m_backhaul->SendReport(status);
    Simulator::Schedule(m_settings.tick, &World::Report, this);
}

void
World::PrepareTick(uint64_t tick)
{
    const Time boundary = Simulator::Now() + STATUS_LEAD;
    m_network->GetPropagation().GetFading()->Advance();
    const Time slot = STATUS_LEAD / static_cast<int64_t>(m_settings.gateways);
    for (const auto& gateway : m_gateways)
    {
        auto* const radio = gateway.radio.get();
        radio->TakeStatus();
        Simulator::Schedule(slot * static_cast<int64_t>(gateway.index), [this, radio, boundary] {
            for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
            {
                radio->BroadcastStatus(channel, boundary);
            }
        });
    }
    if (tick < m_settings.ticks)
    {
        Simulator::Schedule(m_settings.tick, &World::PrepareTick, this, tick + 1);
    }
}

void
World::CloseInterval()
{
    for (auto& gateway : m_gateways)
    {
        const auto counts = GetCounts(gateway);
        gateway.interval = counts - m_marks[gateway.index];
        m_marks[gateway.index] = counts;
    }
}

void
World::Churn(Device& device, uint64_t tick)
{
    const bool toggles =
        device.churn->GetValue() < m_settings.churn; // drawn in any case: the draws of a tick are its own
    if (!toggles || tick == 0)
    {
        return;
    }
    if (device.isOn)
    {
        m_ledger->NoteDeath(device.index);
        device.SwitchOff();
    }
    else
    {
        device.SwitchOn(Simulator::Now());
    }
}

void
World::BeginTick(uint64_t tick, bool counts)
{
    for (auto& device : m_devices)
    {
        Churn(device, tick);
        const auto draw = device.source->Next();
        device.arrival = device.isOn ? draw.task : std::nullopt;
        device.jitter = draw.jitter;
        device.arrivalId.reset();
        if (device.arrival && counts)
        {
            Task task;
            task.device = device.index;
            task.tick = tick;
            task.arrival = Simulator::Now();
            task.parameters = *device.arrival;
            device.arrivalId = m_ledger->Open(task);
            m_journeys[*device.arrivalId] = {};
        }
    }
}

void
World::Decide(uint32_t index, const OffloadingDecision& decision)
{
    auto& device = m_devices.at(index);
    const uint32_t id = device.arrivalId.value();
    m_ledger->NoteDecision(id, decision);
    const Task& task = *m_ledger->Find(id);
    if (task.HasOffloadedPart())
    {
        device.client->Accept(task);
        Simulator::Schedule(device.jitter, &World::Send, this, id);
    }
    else
    {
        m_journeys[id].place = Place::LOCAL;
        device.cpu->Submit(id, task.GetLocalCycles(), [this, id] { m_ledger->Note(id, &Task::localEnd); });
    }
}

void
World::Decide(uint32_t index, const GatewayDecision& decision)
{
    auto& gateway = m_gateways.at(index);
    gateway.rule = decision.rule;
    gateway.SetRate(decision.rateHz, m_settings.edgeKappa);
}

void
World::EndDecisions()
{
    for (const auto& device : m_devices)
    {
        device.client->RefreshRates();
    }
}

void
World::Send(uint32_t id)
{
    const Task* task = m_ledger->Find(id);
    if (task == nullptr)
    {
        return; // the deadline was shorter than the jitter
    }
    m_ledger->Note(id, &Task::uplinkStart);
    m_ledger->NoteSent(id, m_devices[task->device].client->Send(*task, 0));
}

void
World::PlaceJob(Gateway& gateway, const EdgeJob& job)
{
    const bool isForCloud = gateway.rule.IsForCloud(job);
    gateway.counts.arrived++;
    gateway.counts.arrivedCycles += job.cycles;
    gateway.counts.arrivedBits += 8.0 * job.sizeBytes;
    gateway.counts.forwarded += isForCloud ? 1 : 0;
    auto* const journey = FindJourney(job.id);
    if (journey != nullptr)
    {
        journey->place = isForCloud ? Place::CLOUD : Place::EDGE;
        journey->forwarded = isForCloud ? Simulator::Now() : Time(0);
    }
    if (!isForCloud)
    {
        gateway.computer->Submit(job);
        return;
    }
    const uint32_t dropped = m_backhaul->SendJob(gateway.index, job);
    if (journey != nullptr)
    {
        journey->droppedFragments = dropped;
    }
}

void
World::Return(Gateway& gateway, const EdgeJob& job)
{
    gateway.counts.returned++;
    gateway.radio->SendResult(job);
}

Journey*
World::FindJourney(uint32_t task)
{
    const auto journey = m_journeys.find(task);
    return journey == m_journeys.end() ? nullptr : &journey->second;
}

void
World::NoteEnd(const Task& task)
{
    m_devices[task.device].NoteEnd(task);
    const auto journey = m_journeys.extract(task.id);
    NS_ABORT_MSG_IF(!journey, "Task " << task.id << " ended without a journey");
    m_ended(task, journey.mapped());
}

const std::vector<Device>&
World::GetDevices() const
{
    return m_devices;
}

const std::vector<Gateway>&
World::GetGateways() const
{
    return m_gateways;
}

const EdgeServer&
World::GetCloud() const
{
    return *m_cloud;
}

const Backhaul&
World::GetBackhaul() const
{
    return *m_backhaul;
}

const RadioNetwork&
World::GetNetwork() const
{
    return *m_network;
}

const TaskLedger&
World::GetLedger() const
{
    return *m_ledger;
}

GatewayCounts
World::GetCounts(const Gateway& gateway) const
{
    auto counts = gateway.counts;
    counts.backhaulBusy = m_backhaul->GetUp(gateway.index).GetBusyTime(Simulator::Now());
    counts.energyJ = gateway.GetEnergyJ(m_settings.edgeKappa);
    return counts;
}

void
World::CheckConservation() const
{
    m_ledger->CheckConservation();
    NS_ABORT_MSG_IF(m_journeys.size() != m_ledger->GetUnresolved(),
                    m_journeys.size() << " journeys go on, but " << m_ledger->GetUnresolved() << " tasks");
    m_cloud->CheckConservation();
    m_backhaul->CheckConservation();
    for (const auto& gateway : m_gateways)
    {
        gateway.computer->CheckConservation();
    }
    for (const auto& device : m_devices)
    {
        device.energy->CheckConservation(Simulator::Now());
    }
}

} // namespace ns3::marl::edge_cloud
