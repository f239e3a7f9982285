import { Injectable } from '@nestjs/common';
import { Measures } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';
import { CollectorService } from './collector.service.js';

export const WaitingGroups: GaugeDefinition = {
  name: 'ofitec_security_csp_waiting_groups',
  summary: 'Groups whose violation reports wait in memory to be stored',
  per: 'installation',
};

/** What an operator sees of the collector. */
@Injectable()
export class WaitingService {
  constructor(private readonly collector: CollectorService) {}

  @Measures(WaitingGroups)
  async waiting(): Promise<Reading[]> {
    return [{ value: this.collector.backlog.size }];
  }
}
