// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/world.h"

#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-phy.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ns3::marl::aiot_mec
{

namespace
{

/// Random streams: a block for each device, then the servers', the network's and so on.
constexpr int64_t DEVICE_STREAMS = 16;
constexpr int64_t SOURCE_STREAM = 0;
constexpr int64_t RATE_STREAM = 8;
constexpr int64_t PLACEMENT_STREAM = 9;
constexpr int64_t SERVER_STREAM = 10'000'000;
constexpr int64_t NETWORK_STREAM = 20'000'000;
constexpr int64_t MOBILITY_STREAM = 30'000'000;
constexpr int64_t SHADOWING_STREAM = 40'000'000;
constexpr int64_t BACKGROUND_STREAM = 50'000'000;

const Time STATUS_LEAD = MilliSeconds(World::STATUS_LEAD_MS);

} // namespace

double
Device::GetAboveIdleJ() const
{
    return energy->GetTransmitAboveIdleJ() + cpu->GetEnergyJ();
}

World::World(const Settings& settings, std::function<void(const Task&)> taskEnded)
    : m_settings(settings),
      m_taskEnded(std::move(taskEnded))
{
    CreateNetwork();
    m_ledger = std::make_unique<TaskLedger>([this](const Task& task) { NoteEnd(task); });
    CreateServers();
    CreateDevices();
    Simulator::Schedule(GetStart() - STATUS_LEAD, &World::PrepareTick, this, 0);
}

Time
World::GetStart()
{
    return 2 * STATUS_LEAD;
}

void
World::CreateNetwork()
{
    const auto& radio = m_settings.radioArguments;
    const auto& placement = m_settings.placement;
    m_traces = std::make_unique<Traces>(radio.traces);
    const auto places = placement.GetDevices(m_settings.devices, PLACEMENT_STREAM, DEVICE_STREAMS);
    m_network = std::make_unique<RadioNetwork>(m_settings.radio,
                                               radio.mobility.Make(places, placement.areaM, MOBILITY_STREAM),
                                               placement.GetServers(m_settings.servers));
    m_network->AssignStreams(NETWORK_STREAM);
    const auto& propagation = m_network->GetPropagation();
    propagation.GetShadowing()->AssignStreams(SHADOWING_STREAM);
    propagation.GetShadowing()->Start();
    propagation.GetFading()->Start();
    radio.background.AddTo(*m_network, placement.areaM, placement.deviceHeightM, BACKGROUND_STREAM);
    m_traces->Watch(*m_network);
}

void
World::CreateServers()
{
    // The rates are spread evenly; which server has which is drawn.
    const auto variable = CreateObject<UniformRandomVariable>();
    variable->SetStream(SERVER_STREAM);
    std::vector<uint32_t> ranks(m_settings.servers);
    std::iota(ranks.begin(), ranks.end(), 0);
    for (uint32_t i = m_settings.servers - 1; i > 0; i--)
    {
        std::swap(ranks[i], ranks[variable->GetInteger(0, i)]);
    }
    for (uint32_t index = 0; index < m_settings.servers; index++)
    {
        const double share = m_settings.servers == 1 ? 0.5 : ranks[index] / (m_settings.servers - 1.0);
        const double rateHz =
            m_settings.serverRateMinHz + share * (m_settings.serverRateMaxHz - m_settings.serverRateMinHz);
        auto& server = m_servers.emplace_back();
        server.computer = std::make_unique<EdgeServer>(rateHz, m_settings.discipline, m_settings.priority);
        server.gateway = std::make_unique<EdgeGateway>(
            *m_network, index, *server.computer, [this](uint32_t task) { m_ledger->NoteUplinkEnd(task); });
        server.computer->SetStartedCallback([this](uint32_t task) { m_ledger->NoteComputeStart(task); });
        server.computer->SetDoneCallback([this, gateway = server.gateway.get()](const EdgeJob& job) {
            m_ledger->NoteComputeEnd(job.id);
            gateway->SendResult(job);
        });
    }
}

void
World::CreateDevices()
{
    m_devices.resize(m_settings.devices);
    for (uint32_t index = 0; index < m_settings.devices; index++)
    {
        CreateDevice(index);
    }
}

void
World::CreateDevice(uint32_t index)
{
    auto& device = m_devices[index];
    const int64_t stream = index * DEVICE_STREAMS;
    device.source = std::make_unique<TaskSource>(m_settings.tasks);
    device.source->AssignStreams(stream + SOURCE_STREAM);
    const auto rate = CreateObject<UniformRandomVariable>();
    rate->SetStream(stream + RATE_STREAM);
    device.cpu = std::make_unique<ComputeNode>(rate->GetValue(m_settings.deviceRateMinHz, m_settings.deviceRateMaxHz),
                                               m_settings.kappa);
    device.energy = std::make_unique<EnergyMeter>(m_settings.modem, GetStart());
    device.board = std::make_unique<StatusBoard>(m_settings.servers, m_settings.radio.channels, STATUS_LEAD);
    device.age = AgeTracker(GetStart());
    device.slotServers = GetSlotServers(index);

    auto* const energy = device.energy.get();
    auto* const board = device.board.get();
    OffloadClient::Callbacks callbacks;
    callbacks.result = [this](uint32_t task) { m_ledger->NoteResult(task); };
    callbacks.status = [board](const ServerStatus& status, double snrDb) {
        board->Enter(status, snrDb, Simulator::Now());
    };
    callbacks.snrDb = [board](uint32_t server) { return board->GetServer(server).snrDb; };
    callbacks.tuned = [energy](uint32_t channel) { energy->Tune(channel); };
    device.client = std::make_unique<OffloadClient>(*m_network, index, m_settings.mute, std::move(callbacks));
    device.client->Tune(index % m_settings.radio.channels);

    for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
    {
        const auto phy = m_network->GetDeviceRadio(index, channel)->GetPhy();
        phy->TraceConnectWithoutContext("PhyTxPsduBegin",
                                        Callback<void, WifiConstPsduMap, WifiTxVector, double>(
                                            [energy, channel](WifiConstPsduMap, WifiTxVector, double powerW) {
                                                energy->NotifyTxBegin(channel, powerW);
                                            }));
        phy->GetState()->TraceConnectWithoutContext(
            "State",
            Callback<void, Time, Time, WifiPhyState>([energy, channel](Time start, Time duration, WifiPhyState state) {
                energy->NotifyState(channel, start, duration, state);
            }));
    }
}

std::vector<uint32_t>
World::GetSlotServers(uint32_t device) const
{
    std::vector<uint32_t> servers(m_settings.servers);
    std::iota(servers.begin(), servers.end(), 0);
    if (servers.size() > Settings::SERVER_SLOTS)
    {
        std::sort(servers.begin(), servers.end(), [&](uint32_t a, uint32_t b) {
            const double snrA = m_network->GetPropagation().GetMeanSnrDb(device, a);
            const double snrB = m_network->GetPropagation().GetMeanSnrDb(device, b);
            return snrA != snrB ? snrA > snrB : a < b;
        });
        servers.resize(Settings::SERVER_SLOTS);
        std::sort(servers.begin(), servers.end());
    }
    return servers;
}

void
World::PrepareTick(uint64_t tick)
{
    const Time boundary = Simulator::Now() + STATUS_LEAD;
    m_network->GetPropagation().GetShadowing()->Advance();
    m_network->GetPropagation().GetFading()->Advance();
    for (const auto& server : m_servers)
    {
        server.gateway->TakeStatus();
    }
    if (m_settings.isGenie)
    {
        LearnEverything();
    }
    else
    {
        const Time slot = STATUS_LEAD / static_cast<int64_t>(m_settings.servers);
        for (uint32_t server = 0; server < m_settings.servers; server++)
        {
            Simulator::Schedule(slot * static_cast<int64_t>(server), &World::SendStatus, this, server, boundary);
        }
    }
    if (tick < m_settings.ticks)
    {
        Simulator::Schedule(m_settings.tick, &World::PrepareTick, this, tick + 1);
    }
}

void
World::SendStatus(uint32_t server, const Time& boundary)
{
    for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
    {
        m_servers[server].gateway->BroadcastStatus(channel, boundary);
    }
}

void
World::LearnEverything()
{
    for (uint32_t device = 0; device < m_settings.devices; device++)
    {
        for (uint32_t server = 0; server < m_settings.servers; server++)
        {
            m_devices[device].board->Enter(
                m_servers[server].gateway->GetStatus(), m_network->GetSnrDb(device, server), Simulator::Now());
        }
    }
}

void
World::BeginTick(uint64_t tick, bool counts)
{
    for (uint32_t index = 0; index < m_settings.devices; index++)
    {
        auto& device = m_devices[index];
        const auto draw = device.source->Next();
        device.arrival = draw.task;
        device.jitter = draw.jitter;
        device.arrivalId.reset();
        if (draw.task && counts)
        {
            Task task;
            task.device = index;
            task.tick = tick;
            task.arrival = Simulator::Now();
            task.parameters = *draw.task;
            device.arrivalId = m_ledger->Open(task);
        }
    }
}

void
World::Decide(uint32_t index, OffloadingDecision decision)
{
    auto& device = m_devices.at(index);
    const uint32_t id = device.arrivalId.value();
    decision.ratio = decision.mode == OffloadingMode::LOCAL  ? 0
                     : decision.mode == OffloadingMode::FULL ? 1
                                                             : decision.ratio;
    m_ledger->NoteDecision(id, decision);
    const Task& task = *m_ledger->Find(id);
    if (task.HasOffloadedPart())
    {
        device.lastPowerDbm = decision.powerDbm;
        device.client->Accept(task);
        Simulator::Schedule(device.jitter, &World::Send, this, id);
    }
    if (task.HasLocalPart())
    {
        device.cpu->Submit(id, task.GetLocalCycles(), [this, id] { m_ledger->NoteLocalEnd(id); });
    }
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
    m_ledger->NoteUplinkStart(id);
    m_fragmentsSent += m_devices[task->device].client->Send(*task, GetTid(task->parameters));
}

uint8_t
World::GetTid(const TaskParameters& task) const
{
    const auto& weights = m_settings.priority;
    const bool isUrgent = m_settings.edca == Edca::SLA
                              ? task.premium
                              : weights.Get(task.deadline, task.deadline, task.GetCycles(), task.premium) >
                                    0.5 * (weights.beta + weights.gamma);
    return m_settings.edca != Edca::OFF && isUrgent ? Settings::VIDEO_TID : 0;
}

void
World::NoteEnd(const Task& task)
{
    auto& device = m_devices[task.device];
    device.cpu->Abandon(task.id);
    device.client->Forget(task.id);
    device.lastOutcome = task.outcome;
    if (task.outcome == TaskOutcome::COMPLETED)
    {
        device.lastLatency = task.end - task.arrival;
        device.age.Update(task.arrival, task.end);
    }
    m_taskEnded(task);
}

const std::vector<Device>&
World::GetDevices() const
{
    return m_devices;
}

const std::vector<Server>&
World::GetServers() const
{
    return m_servers;
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

uint64_t
World::GetFragmentsSent() const
{
    return m_fragmentsSent;
}

uint64_t
World::GetFragmentsReceived() const
{
    return std::accumulate(m_servers.begin(), m_servers.end(), uint64_t{0}, [](uint64_t sum, const Server& server) {
        return sum + server.gateway->GetFragmentsReceived();
    });
}

} // namespace ns3::marl::aiot_mec
