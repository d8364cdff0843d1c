// Only the parts of ECharts that are drawn with. No tooltip: its HTML carries inline styles, which the content security
// policy refuses, so the chart has one of its own.
import { LineChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, GridComponent, CanvasRenderer]);

export { init };
