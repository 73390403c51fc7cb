// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/world.h"

#include "ns3/config.h"
#include "ns3/simulator.h"

#include <utility>

#include "scenarios/aiot-mec/exogenous-reader.h"
#include "scenarios/aiot-mec/exogenous-writer.h"
#include "scenarios/aiot-mec/streams.h"

namespace ns3::marl::aiot_mec
{

namespace
{

const Time STATUS_LEAD = MilliSeconds(WorldClock::STATUS_LEAD_MS);

} // namespace

World::World(const Settings& settings, std::function<void(const Task&)> taskEnded)
    : m_settings(settings),
      m_taskEnded(std::move(taskEnded))
{
}

void
World::Build()
{
    PrepareExogenous();
    CreateNetwork();
    m_ledger = CreateObject<TaskLedger>([this](const Task& task) { NoteEnd(task); });
    Config::RegisterRootNamespaceObject(m_ledger);
    CreateServers();
    CreateDevices();
    ScheduleFailures();
    Simulator::Schedule(GetStart() - STATUS_LEAD, &World::PrepareTick, this, 0);
}

World::~World()
{
    if (m_ledger)
    {
        Config::UnregisterRootNamespaceObject(m_ledger);
    }
}

void
World::ConnectTraces()
{
    m_traces->Connect();
}

void
World::CompleteTraces()
{
    m_traces->Complete();
}

Time
World::GetStart()
{
    return WorldClock::GetStart();
}

void
World::PrepareExogenous()
{
    if (!m_settings.exogenousIn.empty())
    {
        m_exogenous = ReadExogenous(m_settings);
    }
    else if (!m_settings.exogenousOut.empty())
    {
        m_exogenous = DrawExogenous(m_settings);
    }
    if (!m_settings.exogenousOut.empty())
    {
        WriteExogenous(*m_exogenous, m_settings);
    }
}

void
World::CreateNetwork()
{
    const auto& background = m_settings.radioArguments.background;
    auto radio = m_settings.radio;
    auto placement = m_settings.placement;
    auto mobility = m_settings.radioArguments.mobility;
    if (m_exogenous)
    {
        placement.devices = m_exogenous->placement;
        placement.servers = m_exogenous->serverPlaces;
        mobility = m_exogenous->mobility;
        radio.propagation.isShadowingGiven = m_exogenous->IsShadowed();
    }
    m_traces = std::make_unique<Traces>(m_settings.radioArguments.traces);
    const auto places = placement.GetDevices(m_settings.devices, PLACEMENT_STREAM, DEVICE_STREAMS);
    m_network = std::make_unique<RadioNetwork>(
        radio, mobility.Make(places, placement.areaM, MOBILITY_STREAM), placement.GetServers(m_settings.servers));
    m_network->AssignStreams(NETWORK_STREAM);
    const auto& propagation = m_network->GetPropagation();
    propagation.GetShadowing()->AssignStreams(SHADOWING_STREAM);
    propagation.GetShadowing()->Start();
    propagation.GetFading()->Start();
    if (m_exogenous)
    {
        m_exogenous->Place(*propagation.GetShadowing());
    }
    background.AddTo(*m_network, placement.areaM, placement.deviceHeightM, BACKGROUND_STREAM);
    m_traces->Watch(*m_network);
}

void
World::CreateServers()
{
    const auto rates = m_exogenous ? m_exogenous->serverRatesHz : GetServerRates(m_settings, SERVER_STREAM);
    EdgeGateway::Callbacks callbacks;
    callbacks.fragment = [this](uint32_t task, bool accepted) { m_ledger->NoteFragment(task, accepted); };
    callbacks.received = [this](uint32_t task) { m_ledger->Note(task, &Task::uplinkEnd); };
    callbacks.dropped = [this](uint32_t task) { m_ledger->NoteServerFailure(task); };
    for (uint32_t index = 0; index < m_settings.servers; index++)
    {
        auto& server = m_servers.emplace_back();
        server.index = index;
        server.computer = CreateObject<EdgeServer>(rates[index], m_settings.discipline, m_settings.priority);
        m_network->GetServer(index)->AggregateObject(server.computer);
        server.gateway = std::make_unique<EdgeGateway>(*m_network, index, *server.computer, callbacks);
        server.computer->SetStartedCallback([this](uint32_t task) { m_ledger->Note(task, &Task::computeStart); });
        server.computer->SetDoneCallback([this, gateway = server.gateway.get()](const EdgeJob& job) {
            m_ledger->Note(job.id, &Task::computeEnd);
            gateway->SendResult(job);
        });
    }
}

void
World::ScheduleFailures()
{
    for (const auto& failure : m_settings.serverFailures)
    {
        auto* const gateway = m_servers[failure.server].gateway.get();
        Simulator::Schedule(GetStart() + failure.from, &EdgeGateway::Fail, gateway);
        Simulator::Schedule(GetStart() + failure.to, &EdgeGateway::Recover, gateway);
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
    device.index = index;
    const int64_t stream = index * DEVICE_STREAMS;
    device.source = std::make_unique<TaskSource>(m_settings.tasks);
    device.source->AssignStreams(stream + SOURCE_STREAM);
    const double rateHz =
        m_exogenous ? m_exogenous->deviceRatesHz[index] : GetDeviceRate(m_settings, stream + RATE_STREAM);
    device.cpu = CreateObject<ComputeNode>(rateHz, m_settings.kappa);
    device.energy = CreateObject<EnergyMeter>(m_settings.modem, GetStart());
    m_network->GetDevice(index)->AggregateObject(device.cpu);
    m_network->GetDevice(index)->AggregateObject(device.energy);
    device.board = std::make_unique<StatusBoard>(m_settings.servers, m_settings.radio.channels, STATUS_LEAD);
    device.age = AgeTracker(GetStart());
    device.classAges.fill(device.age);
    device.slotServers = GetSlotServers(m_settings, *m_network, index);

    auto* const energy = PeekPointer(device.energy);
    auto* const board = device.board.get();
    OffloadClient::Callbacks callbacks;
    callbacks.result = [this](uint32_t task) { m_ledger->Note(task, &Task::resultTime); };
    callbacks.status = [board](const ServerStatus& status, double snrDb) {
        board->Enter(status, snrDb, Simulator::Now());
    };
    callbacks.snrDb = [board](uint32_t server) { return board->GetServer(server).snrDb; };
    callbacks.tuned = [energy](uint32_t channel) { energy->Tune(channel); };
    callbacks.onAir = [this](uint32_t task, uint32_t first, uint32_t again, const Time& duration) {
        m_ledger->NoteOnAir(task, first, again, duration);
    };
    device.client = std::make_unique<OffloadClient>(*m_network, index, m_settings.mute, std::move(callbacks));
    device.client->Tune(index % m_settings.radio.channels);

    for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
    {
        energy->Connect(channel, m_network->GetDeviceRadio(index, channel)->GetPhy());
    }
}

void
World::PrepareTick(uint64_t tick)
{
    const Time boundary = Simulator::Now() + STATUS_LEAD;
    DrainBatteries();
    MoveGains(tick);
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
World::MoveGains(uint64_t tick)
{
    const auto fading = m_network->GetPropagation().GetFading();
    const auto shadowing = m_network->GetPropagation().GetShadowing();
    shadowing->Advance(); // in any case: ns-3's mobility models round whenever somebody asks where a device is
    if (m_exogenous)
    {
        m_exogenous->Apply(tick, *fading, *shadowing);
    }
    else
    {
        fading->Advance();
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
World::DrainBatteries()
{
    for (uint32_t index = 0; index < m_settings.devices; index++)
    {
        auto& device = m_devices[index];
        if (m_settings.batteryJ > 0 && !device.death && device.GetTotalJ(Simulator::Now()) >= m_settings.batteryJ)
        {
            m_ledger->NoteDeath(index);
            device.Die(Simulator::Now());
        }
    }
}

void
World::BeginTick(uint64_t tick, bool counts)
{
    for (uint32_t index = 0; index < m_settings.devices; index++)
    {
        auto& device = m_devices[index];
        const auto draw = m_exogenous ? m_exogenous->GetDraw(tick, index) : device.source->Next();
        device.arrival = device.death ? std::nullopt : draw.task;
        device.jitter = draw.jitter;
        device.arrivalId.reset();
        if (device.arrival && counts)
        {
            Task task;
            task.device = index;
            task.tick = tick;
            task.arrival = Simulator::Now();
            task.parameters = *device.arrival;
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
        device.cpu->Submit(id, task.GetLocalCycles(), [this, id] { m_ledger->Note(id, &Task::localEnd); });
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
    m_ledger->Note(id, &Task::uplinkStart);
    const bool isVideo = IsVideo(m_settings.edca, task->parameters, m_settings.tasks, m_settings.priority);
    m_ledger->NoteSent(id, m_devices[task->device].client->Send(*task, isVideo ? Settings::VIDEO_TID : 0));
}

void
World::NoteEnd(const Task& task)
{
    m_devices[task.device].NoteEnd(task);
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

void
World::CheckConservation() const
{
    m_ledger->CheckConservation();
    for (const auto& server : m_servers)
    {
        server.computer->CheckConservation();
    }
    for (const auto& device : m_devices)
    {
        device.energy->CheckConservation(Simulator::Now());
    }
}

} // namespace ns3::marl::aiot_mec
