/** The view of `top`: who is biggest, by any key and any counter. */

import { drawBars } from "../draw/bars";
import { unitShown } from "../state/unit";
import { KEYS, columnsOf } from "./keys";
import type { View } from "./view";

const ROW = 22;

export const top: View = {
  id: "top",
  title: "Top",
  section: "Traffic",
  analysis: "top",
  about:
    "The biggest, by the unit chosen above: bytes and packets count both directions, flows are those that began or were denied in the data. The row of others sums up the rest, so the shares add up to 100 %. Peers are the distinct addresses at the other end. Every NIC on a path logs a flow: choose “count once” above to count it at one.",
  controls: [
    { name: "by", label: "By", start: "src_ip", choices: KEYS },
    { name: "metric", label: "Ranked by", start: "", choices: [["", "the unit"], ["bytes", "bytes"], ["flows", "flows"], ["packets", "packets"], ["denied", "denied"], ["tuples", "tuples"], ["peers", "peers"], ["bytes_src_to_dst", "bytes →"], ["bytes_dst_to_src", "bytes ←"]] },
    { name: "n", label: "Rows", start: "25", choices: [["10", "10"], ["25", "25"], ["100", "100"], ["1000", "1000"]] },
  ],
  parameters: (options, { unit }) => ({ by: (options.by ?? "src_ip").split(","), metric: options.metric || unitShown(unit).metric, n: Number(options.n ?? 25) }),
  columns: (options) => [...columnsOf(options.by ?? "src_ip"), "bytes", "share", "split", "flows", "denied", "peers"],
  bars: ["bytes", "flows", "denied"],
  picture: (scene) => {
    const rows = Math.min(scene.table.rows, 16);
    const by = columnsOf(scene.options.by ?? "src_ip");
    return { draw: drawBars(scene, by, rows), height: 30 + rows * ROW, label: `Bars of the biggest by ${by.join(", ")}; the table below has the numbers` };
  },
};
