// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/edge-server.h"
#include "models/trace-files.h"

#include "ns3/node-container.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

/// Two servers of 1 GHz on nodes of their own, without radios.
std::vector<Ptr<EdgeServer>>
MakeServers()
{
    std::vector<Ptr<EdgeServer>> servers;
    const NodeContainer nodes(2);
    for (uint32_t i = 0; i < nodes.GetN(); i++)
    {
        servers.push_back(CreateObject<EdgeServer>(1e9, Discipline::DEADLINE, PriorityWeights{}));
        nodes.Get(i)->AggregateObject(servers.back());
    }
    return servers;
}

EdgeJob
MakeJob(uint32_t id, double cycles, int64_t expiryMs)
{
    return {id, cycles, MilliSeconds(expiryMs), MilliSeconds(expiryMs), false, {}};
}

/// Rows of a queue that can be told by hand.
class Rows : public TestCase
{
  public:
    Rows()
        : TestCase("rows tell time, path and values")
    {
    }

  private:
    void DoRun() override
    {
        const auto servers = MakeServers();
        TraceFiles files(CreateTempDirFilename("rows"));
        files.Connect("/NodeList/*/$ns3::marl::EdgeServer/Waiting");
        files.Connect("/NodeList/1/$ns3::marl::EdgeServer/Expired");
        files.Connect("/NodeList/1/$ns3::marl::EdgeServer/Finished");
        servers[1]->Submit(MakeJob(7, 1e7, 100)); // runs for 10 ms
        servers[1]->Submit(MakeJob(8, 1e7, 5));   // expires meanwhile
        servers[0]->Submit(MakeJob(9, 1e6, 100));
        Simulator::Run();
        files.Complete();
        const auto expect = [&](const std::string& source, const std::string& text) {
            std::ostringstream read;
            read << std::ifstream(CreateTempDirFilename("rows-" + source + ".csv")).rdbuf();
            NS_TEST_EXPECT_MSG_EQ(read.str(), text, source);
        };
        const std::string second = "/NodeList/1/$ns3::marl::EdgeServer/";
        expect("Waiting",
               "time_s,path,old,new\n"
               "0," +
                   second + "Waiting,0,1\n0," + second + "Waiting,1,0\n0," + second +
                   "Waiting,0,1\n0,/NodeList/0/$ns3::marl::EdgeServer/Waiting,0,1\n"
                   "0,/NodeList/0/$ns3::marl::EdgeServer/Waiting,1,0\n"
                   "0.005," +
                   second + "Waiting,1,0\n");
        const std::string jobs = "time_s,path,task,cycles,premium,since_received_s,left_s\n";
        expect("Expired", jobs + "0.005," + second + "Expired,8,10000000,0,0.005,0\n");
        expect("Finished", jobs + "0.01," + second + "Finished,7,10000000,0,0.01,0.09\n");
        Simulator::Destroy();
    }
};

/// Whatever cannot be traced is refused, and ns-3 does not end the process.
class Refusals : public TestCase
{
  public:
    Refusals()
        : TestCase("what cannot be traced is refused by name")
    {
    }

  private:
    void DoRun() override
    {
        const auto servers = MakeServers();
        const std::vector<std::pair<std::string, std::string>> refusals{
            {"NodeList", "expected a path of ns-3's Config"},
            {"/Waiting", "expected a path of ns-3's Config"},
            {"/NodeList//Waiting", "expected a path of ns-3's Config"},
            {"/NodeList/Waiting", "'/NodeList' holds many objects: expected an index or *"},
            {"/NodeList/5/$ns3::marl::EdgeServer/Waiting", "nothing in this network matches '/NodeList/5'"},
            {"/NodeList/*/$ns3::marl::Nothing/Waiting", "ns-3 has no type 'ns3::marl::Nothing'"},
            {"/NodeList/*/$ns3::MobilityModel/CourseChange",
             "nothing in this network matches '/NodeList/*/$ns3::MobilityModel'"},
            {"/NodeList/*/$ns3::marl::EdgeServer/Nothing",
             "no trace source 'Nothing'; it has: Waiting (ns3::TracedValueCallback::Uint32), Started"},
        };
        for (const auto& [path, reason] : refusals)
        {
            std::string message;
            try
            {
                TraceFiles(CreateTempDirFilename("refused")).Connect(path);
            }
            catch (const std::invalid_argument& error)
            {
                message = error.what();
            }
            NS_TEST_EXPECT_MSG_NE(message.find(reason), std::string::npos, path << ": " << message);
        }
        bool isRefused = false;
        try
        {
            TraceFiles(CreateTempDirFilename("missing/file")).Connect("/NodeList/*/$ns3::marl::EdgeServer/Waiting");
        }
        catch (const std::invalid_argument& error)
        {
            isRefused = std::string(error.what()).ends_with("cannot be written");
        }
        NS_TEST_EXPECT_MSG_EQ(isRefused, true, "a folder that does not exist");
        Simulator::Destroy();
    }
};

class TraceFilesTestSuite : public TestSuite
{
  public:
    TraceFilesTestSuite()
        : TestSuite("ns3marl-trace-files", Type::UNIT)
    {
        AddTestCase(new Rows, TestCase::Duration::QUICK);
        AddTestCase(new Refusals, TestCase::Duration::QUICK);
    }
};

const TraceFilesTestSuite g_traceFilesTestSuite;

} // namespace
