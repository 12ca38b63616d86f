import { both } from '../lib/words'

export const words = both({
  zh: { map: '地图', schematic: '示意图，非标准地图', noGl: '此浏览器不支持 WebGL2，改用简图。', missing: '无报告', zoomIn: '放大', zoomOut: '缩小' },
  en: { map: 'Map', schematic: 'Schematic, not a map of record', noGl: 'No WebGL2 in this browser: a plain map is shown.', missing: 'not reported', zoomIn: 'Zoom in', zoomOut: 'Zoom out' },
})
