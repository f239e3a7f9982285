import { Param } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { isId } from '../values/id.js';
import { Problem } from './problem.js';
import { NotFound } from './problems.js';

/** What is no id names nothing: it is as absent as an id that nobody has. */
const toId: PipeTransform<string, string> = {
  transform(value) {
    if (!isId(value)) throw new Problem(NotFound);
    return value;
  },
};

/** The `:id` of the path. */
export function Id(): ParameterDecorator {
  return Param('id', toId);
}
