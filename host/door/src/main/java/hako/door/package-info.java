@org.jspecify.annotations.NullMarked
package hako.door;
