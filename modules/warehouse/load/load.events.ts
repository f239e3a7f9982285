import { defineEvent } from '#kernel';

/** What was recorded is not in the warehouse yet, for longer than it should take. */
export const WarehouseLate = defineEvent<{ readonly lagSeconds: number }>({
  name: 'warehouse_load.late',
  version: 1,
  summary: 'the warehouse does not hold what happened long ago; by how many seconds',
});

export const WarehouseCaughtUp = defineEvent<{ readonly lagSeconds: number }>({
  name: 'warehouse_load.caught_up',
  version: 1,
  summary: 'the warehouse holds what happened again, after it was late',
});

export const WarehouseRebuilt = defineEvent<{
  readonly generation: number;
  readonly rows: number;
  readonly differences: number;
}>({
  name: 'warehouse_load.rebuilt',
  version: 1,
  summary: 'the warehouse was made anew of the whole event log; how many rows differed from before',
});
