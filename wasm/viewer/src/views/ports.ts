/** The view of ports: what is asked for, `top` by port and protocol. */

import { drawBars } from "../draw/bars";
import { unitShown } from "../state/unit";
import type { View } from "./view";

export const ports: View = {
  id: "ports",
  title: "Ports",
  section: "Traffic",
  analysis: "top",
  about: "The responders' ports. The names beside them say what usually listens there: a habit, no proof.",
  controls: [{ name: "n", label: "Rows", start: "100", choices: [["25", "25"], ["100", "100"], ["1000", "1000"]] }],
  parameters: (options, { unit }) => ({ by: ["dst_port", "protocol"], metric: unitShown(unit).metric, n: Number(options.n ?? 100) }),
  columns: () => ["dst_port", "protocol", "bytes", "share", "split", "flows", "denied", "peers"],
  bars: ["bytes", "flows", "denied"],
  picture: (scene) => {
    const rows = Math.min(scene.table.rows, 12);
    return { draw: drawBars(scene, ["dst_port", "protocol"], rows), height: 30 + rows * 22, label: "Bars of the biggest ports; the table below has the numbers" };
  },
};
