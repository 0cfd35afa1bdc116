proc area {width height} { expr {$width * $height} }
proc room {name width height} { return "$name: [area $width $height]" }
foreach size {2 3 4} { room kitchen $size 3 }
