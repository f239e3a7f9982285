import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../access/allow.js';
import { Database } from '../database/database.js';
import { Answers } from './answers.js';
import { ChoiceField } from './fields.js';
import { DatabaseUnavailable } from './problems.js';

class HealthView {
  @ChoiceField(['ok'])
  status!: string;
}

/** Whether the process lives and whether it can work. Public: load balancers have no account. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get('live')
  @Public()
  @Answers(HealthView)
  live(): HealthView {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @Answers(HealthView, DatabaseUnavailable)
  async ready(): Promise<HealthView> {
    await this.database.rowsWithoutCompany('SELECT 1');
    return { status: 'ok' };
  }
}
