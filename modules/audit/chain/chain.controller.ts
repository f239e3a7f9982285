import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Database } from '#kernel';
import { BlockStore } from './block-store.js';
import { ChainView } from './chain.view.js';

@ApiTags('audit')
@Controller('api/v1/audit/chain')
export class ChainController {
  constructor(
    private readonly database: Database,
    private readonly blocks: BlockStore,
  ) {}

  @Get()
  @Allow('audit.event.read')
  @Answers(ChainView)
  async show(): Promise<ChainView> {
    return ChainView.of(await this.database.transaction(() => this.blocks.tip()));
  }
}
