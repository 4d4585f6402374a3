@org.jspecify.annotations.NullMarked
package hako.ttrpc;
