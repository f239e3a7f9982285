import { defineEvent } from '#kernel';

/** What every event of a flow tells. */
export interface FlowFacts {
  readonly flowId: string;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Whole pesos; less than nothing goes out. */
  readonly amount: number;
  readonly sourceType: string;
  readonly sourceId: string | null;
}

const told = (name: string, summary: string): ReturnType<typeof defineEvent<FlowFacts>> =>
  defineEvent<FlowFacts>({ name, version: 1, summary });

export const FlowExpected = told('flow.expected', 'money is expected to come or go');
export const FlowSettled = told('flow.settled', 'money came or went');
export const FlowCancelled = told('flow.cancelled', 'money is not expected any more');
