// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT

#pragma once

#include <torch/extension.h>

/// Moves the links of B environments and lets devices hear the broadcasts.
///
/// \param path SNR at 0 dBm without fading, [B, N, K] dB
/// \param fading [B, N, K] dB
/// \param gain [B, N + K, N + K] dB: links between devices and servers are set
/// \param snr [B, N, K] dB: set, at 30 dBm
/// \param believed [B, N, K] dB: set where a server was heard
/// \param missed bool [B C, K]: broadcasts that did not get through; empty: none
/// \param tuned int64 [B, N]
/// \param news rate Hz, utilisation, wait s of each server, [B, K, 3]
/// \param busy [B, K, C]
/// \param servers what devices know, [B, N, K, 5], changed
/// \param air what devices know of channels, [B, N, C, 2], changed
/// \param slotServer int64 [B, N, 18] above 18 servers, else empty
/// \param observations [B, N, 128]: the slots of servers and channels are set
/// \param detection SNR from which a broadcast is heard, dB
/// \param isGenie everything is heard
/// \return how many servers each device heard, [B, N]
torch::Tensor HearStatus(const torch::Tensor& path,
                         const torch::Tensor& fading,
                         const torch::Tensor& gain,
                         const torch::Tensor& snr,
                         const torch::Tensor& believed,
                         const torch::Tensor& missed,
                         const torch::Tensor& tuned,
                         const torch::Tensor& news,
                         const torch::Tensor& busy,
                         const torch::Tensor& servers,
                         const torch::Tensor& air,
                         const torch::Tensor& slotServer,
                         const torch::Tensor& observations,
                         double detection,
                         bool isGenie);
