// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_TOPICS_H
#define NS3MARL_VALIDATION_TOPICS_H

#include "validation/report.h"

namespace ns3::marl::validation
{

void ValidateDcf(Report& report, Effort effort);          ///< saturated contention for a channel
void ValidateRates(Report& report, Effort effort);        ///< air time of frames
void ValidateErrors(Report& report, Effort effort);       ///< frames lost to noise
void ValidatePathLoss(Report& report, Effort effort);     ///< received power and noise
void ValidateFading(Report& report, Effort effort);       ///< distribution and memory of the channel's gain
void ValidateQueues(Report& report, Effort effort);       ///< waiting at servers and device CPUs
void ValidateAge(Report& report, Effort effort);          ///< age of information
void ValidateEnergy(Report& report, Effort effort);       ///< of computing and transmitting
void ValidateOutage(Report& report, Effort effort);       ///< placement, path loss and fading together
void ValidateArithmetic(Report& report, Effort effort);   ///< priority and fairness
void ValidateSensing(Report& report, Effort effort);      ///< energy detection of primary users
void ValidatePrimaryUsers(Report& report, Effort effort); ///< when they transmit
void ValidateStreets(Report& report, Effort effort);      ///< losses between vehicles, and how they drive
void ValidateFrames11p(Report& report, Effort effort);    ///< air time and errors on channels of 10 MHz

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_TOPICS_H
