// The score over time. ECharts is loaded with it, never with the frame.
import { useComputedColorScheme } from "@mantine/core";
import { LineChart } from "echarts/charts";
import { GridComponent, MarkPointComponent, TooltipComponent } from "echarts/components";
import { init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { day, percent } from "./text";

register([LineChart, GridComponent, TooltipComponent, MarkPointComponent, CanvasRenderer]);

export interface Point {
  at: string;
  ratio: number; // in [0, 1]
}

export default function Trend({ points, height = 150 }: { points: Point[]; height?: number }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    if (!box.current) return;
    const chart = init(box.current, null, { renderer: "canvas" });
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const values = points.map((p) => p.ratio);
    const low = Math.max(0, Math.floor(Math.min(...values) * 20 - 0.5) / 20);
    const high = Math.min(1, Math.ceil(Math.max(...values) * 20 + 0.5) / 20);
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: "Inter Variable, sans-serif", color: color("--muted") },
      grid: { left: 40, right: 16, top: 10, bottom: 22 },
      tooltip: {
        trigger: "axis",
        backgroundColor: color("--surface"),
        borderColor: color("--line-2"),
        textStyle: { color: color("--text"), fontSize: 12 },
        formatter: (args: unknown) => {
          const [first] = args as { value: [string, number] }[];
          return first ? `${day(first.value[0])}: ${percent(first.value[1])}` : "";
        },
        axisPointer: { lineStyle: { color: color("--line-2") } },
      },
      xAxis: { type: "time", axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false }, axisLabel: { color: color("--faint"), fontSize: 11, hideOverlap: true }, splitNumber: 5 },
      yAxis: { type: "value", min: low, max: high, splitNumber: 3, axisLabel: { color: color("--faint"), fontSize: 11, formatter: (v: number) => percent(v) }, splitLine: { lineStyle: { color: color("--line") } } },
      series: [
        {
          type: "line",
          data: points.map((p) => [p.at, p.ratio]),
          step: "end",
          showSymbol: false,
          lineStyle: { width: 1.75, color: color("--accent-text") },
          itemStyle: { color: color("--accent-text") },
          areaStyle: { color: color("--accent-soft"), opacity: 0.6 },
        },
      ],
    });
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [points, scheme]);
  const first = points[0];
  const last = points[points.length - 1];
  const words = first && last ? `The score went from ${percent(first.ratio)} on ${day(first.at)} to ${percent(last.ratio)} on ${day(last.at)}.` : "";
  return <div ref={box} role="img" aria-label={words} style={{ height }} />;
}
