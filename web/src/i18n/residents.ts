import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '我这里现在适用什么', lead: '按已公布的通告告诉您：这个地址现在是什么等级、要做什么、最早到什么时候。无需登录，不收集个人信息。', district: '区县', choose: '请选择', compound: '小区或村', building: '楼栋', unit: '单元', ask: '查询',
    now: '现在', until: '最早至', since: '自', notice: '通告', published: '公布于', waits: '还需', perhaps: '地址不够具体，以下可能适用，请补充楼栋和单元：', noZone: '这个地址不在任何已公布的风险区内。', source: '依据', ring: '外围', example: '例如 桃源居', exampleBuilding: '例如 3',
    unknownEnd: '尚不能确定', noRules: '本地尚未采用任何防控方案版本，不作要求。', asOf: '截至',
  },
  en: {
    title: 'What applies where I am', lead: 'From the published notices: which level this address has now, what it asks, and until when at the earliest. No log-in, nothing personal is kept.', district: 'District', choose: 'Choose', compound: 'Compound or village', building: 'Building', unit: 'Unit', ask: 'Ask',
    now: 'Now', until: 'at the earliest until', since: 'since', notice: 'Notice', published: 'published', waits: 'Still needed', perhaps: 'The address is not fine enough; these may apply, please add building and unit:', noZone: 'This address lies in no published zone.', source: 'Source', ring: 'ring', example: 'such as 桃源居', exampleBuilding: 'such as 3',
    unknownEnd: 'cannot be said yet', noRules: 'No version of a protocol is adopted here; nothing is asked.', asOf: 'as of',
  },
})
