// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The twin on a GPU: a thread for each of what processor.cc loops over.

#include <cuda_runtime.h>

#include "contention.h"
#include "draws.h"
#include "knowledge.h"
#include "status.h"

namespace
{

constexpr int THREADS = 128;
constexpr int ENVIRONMENT_THREADS = 32; // of a block: environments take long, and few fill the machine

__device__ int64_t
GetThread()
{
    return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__global__ void
PlayEnvironment(const __grid_constant__ contention::Run run)
{
    const int64_t b = GetThread();
    if (b < run.environments)
    {
        contention::Broadcast* const broadcasts = run.broadcasts + b * run.channels * run.servers;
        int32_t* const listeners = run.listeners + b * (run.entities + run.channels * run.servers);
        contention::Task* const tasks = run.tasks + run.first[b];
        contention::Environment(run, b, tasks, run.arrivals + b * run.servers, broadcasts, listeners).Play();
    }
}

__global__ void
HearBroadcasts(const __grid_constant__ knowledge::Hear hear)
{
    const int64_t agent = GetThread();
    if (agent < hear.environments * hear.devices)
    {
        knowledge::HearAgent(hear, agent);
    }
}

__global__ void
CloseServers(const __grid_constant__ status::Status of)
{
    const int64_t server = GetThread();
    if (server < of.environments * of.servers)
    {
        status::CloseInterval(of, server);
    }
}

__global__ void
DrawBlocks(const __grid_constant__ draws::Draw draw)
{
    const int64_t block = GetThread();
    if (block < draw.environments * draws::CountBlocks(draw))
    {
        draws::DrawBlock(draw, block);
    }
}

__global__ void
FadePairs(const __grid_constant__ draws::Fading fading)
{
    const int64_t pair = GetThread();
    if (pair < fading.environments * ((fading.links + 1) / 2))
    {
        draws::Fade(fading, pair);
    }
}

/// Queues a kernel over so many threads. \return what is wrong, or null
template <typename Arguments>
const char*
Launch(void (*kernel)(Arguments), const Arguments& arguments, int64_t count, int threads)
{
    if (count == 0)
    {
        return nullptr;
    }
    const auto blocks = static_cast<unsigned>((count + threads - 1) / threads);
    kernel<<<blocks, threads, 0, static_cast<cudaStream_t>(arguments.stream)>>>(arguments);
    const cudaError_t error = cudaGetLastError();
    return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

} // namespace

extern "C"
{

    const char* RunChannels(const contention::Run* run)
    {
        return Launch(PlayEnvironment, *run, run->environments, ENVIRONMENT_THREADS);
    }

    const char* HearStatus(const knowledge::Hear* hear)
    {
        return Launch(HearBroadcasts, *hear, hear->environments * hear->devices, THREADS);
    }

    const char* CloseIntervals(const status::Status* of)
    {
        return Launch(CloseServers, *of, of->environments * of->servers, THREADS);
    }

    const char* DrawNumbers(const draws::Draw* draw)
    {
        return Launch(DrawBlocks, *draw, draw->environments * draws::CountBlocks(*draw), THREADS);
    }

    const char* AdvanceFading(const draws::Fading* fading)
    {
        return Launch(FadePairs, *fading, fading->environments * ((fading->links + 1) / 2), THREADS);
    }

    int64_t GetTaskBytes()
    {
        return sizeof(contention::Task);
    }

    int64_t GetBroadcastBytes()
    {
        return sizeof(contention::Broadcast);
    }
}
