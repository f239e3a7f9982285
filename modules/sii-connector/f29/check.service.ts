import { Injectable } from '@nestjs/common';
import { FigureService } from '../figure/figure.service.js';
import { check } from './check.js';
import { readCodes } from './code-map.input.js';
import type { CheckReturn } from './return.input.js';
import { numbersOf } from './rule.js';
import type { CodeValue, Finding } from './rule.js';

/** Applies the rules to any return, also one that was filed elsewhere; keeps nothing of it. */
@Injectable()
export class CheckService {
  constructor(private readonly figures: FigureService) {}

  /** @throws Problem Malformed for what are no codes */
  async check({ period, codes: input, previous: before }: CheckReturn): Promise<Finding[]> {
    const codes = present(readCodes(input, 'codes'));
    const previous = before === undefined ? null : present(readCodes(before, 'previous'));
    return check({
      ...{ period, codes, numbers: numbersOf(codes), figures: await this.figures.figures() },
      ...{ rut: null, today: null, dueDate: null, proposal: null, ledger: null },
      ...{ computed: null, fees: null, isStale: false },
      previous: previous && numbersOf(previous),
    });
  }
}

function present(codes: ReadonlyMap<string, CodeValue | null>): Map<string, CodeValue> {
  return new Map([...codes].filter((entry): entry is [string, CodeValue] => entry[1] !== null));
}
